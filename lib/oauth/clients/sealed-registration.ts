import * as v from 'valibot'
import type { DerivedSecrets } from '../keys/derived-secrets.ts'
import type { Sealing } from '../keys/sealing.ts'
import { clientKeySchema } from './client-keys.ts'
import type { ClientMetadata } from './client-metadata.ts'
import type { ClientAuthenticationMetadata } from './client-metadata-authentication.ts'

/**
 * A registration as its client_id carries it. Short names, because the id travels in URLs that clients keep under 2 KB:
 * `r` redirect_uris, `g` whether there is a refresh_token grant beside authorization_code, `a` application_type (`n`ative or
 * `w`eb), `n` client_name, `s` scope, `t` client_id_issued_at in seconds.
 */
const publicSchema = v.object({
  r: v.array(v.string()),
  g: v.boolean(),
  a: v.picklist(['n', 'w']),
  n: v.optional(v.string()),
  s: v.optional(v.string()),
  t: v.number(),
})

/** Of a client that proves itself, in addition: `m` how (`p`ost, `b`asic, `k`ey), `k` its keys, `u` its jwks_uri. */
const confidentialSchema = v.object({
  ...publicSchema.entries,
  m: v.picklist(['p', 'b', 'k']),
  k: v.exactOptional(v.array(clientKeySchema)),
  u: v.exactOptional(v.string()),
})

type PublicRegistration = v.InferOutput<typeof publicSchema>
type ConfidentialRegistration = v.InferOutput<typeof confidentialSchema>

/** What a client_id of ours says. */
export interface OpenedRegistration {
  /** Back in RFC 7591's names, to be validated like any other metadata. */
  readonly metadata: Record<string, unknown>
  readonly redirectUris: readonly string[]
  /** Seconds since the epoch; of one under a retired secret 0, since its own word for it is worth nothing. */
  readonly issuedAt: number
  /** Signed by a secret that has leaked: anybody may have made it, whenever they liked. */
  readonly underRetiredSecret: boolean
}

/** Signs a registration into a client_id and back. */
export interface RegistrationSealer {
  seal(metadata: ClientMetadata, authentication: ClientAuthenticationMetadata, issuedAt: number): string
  /** `null` for whatever this did not seal. */
  open(clientId: string): OpenedRegistration | null
  /** Of clients that have a secret: computed from the id, so that nobody has to store it. */
  readonly secrets: DerivedSecrets
}

/**
 * Ids of clients that prove themselves are of a purpose of their own, which a leaked secret does not open: whoever has it
 * could make such ids and their secrets. It opens those of public clients, which prove nothing.
 */
export function createRegistrationSealer(sealing: Sealing): RegistrationSealer {
  const publicClients = sealing.signed('client', publicSchema)
  const retiredClients = sealing.signedByRetired('client', publicSchema)
  const confidentialClients = sealing.signed('confidential-client', confidentialSchema)
  return {
    seal(metadata, authentication, issuedAt) {
      const registration = sealed(metadata, issuedAt)
      return authentication.method === 'none'
        ? publicClients.seal(registration)
        : confidentialClients.seal({ ...registration, ...sealedAuthentication(authentication) })
    },
    open(clientId) {
      const sound = publicClients.open(clientId) ?? confidentialClients.open(clientId)
      const registration = sound ?? retiredClients.open(clientId)
      return (
        registration && {
          metadata: opened(registration),
          redirectUris: registration.r,
          issuedAt: sound ? registration.t : 0,
          underRetiredSecret: !sound,
        }
      )
    },
    secrets: sealing.secrets('client-secret'),
  }
}

function sealed(metadata: ClientMetadata, issuedAt: number): PublicRegistration {
  return {
    r: [...metadata.redirectUris],
    g: metadata.grantTypes.includes('refresh_token'),
    a: metadata.applicationType === 'native' ? 'n' : 'w',
    ...(metadata.name === undefined ? {} : { n: metadata.name }),
    ...(metadata.scope === undefined ? {} : { s: metadata.scope }),
    t: issuedAt,
  }
}

type Proof = Exclude<ClientAuthenticationMetadata, { method: 'none' }>

function sealedAuthentication(authentication: Proof): Pick<ConfidentialRegistration, 'm' | 'k' | 'u'> {
  switch (authentication.method) {
    case 'client_secret_post':
      return { m: 'p' }
    case 'client_secret_basic':
      return { m: 'b' }
    case 'private_key_jwt': {
      const { keys } = authentication
      return 'uri' in keys ? { m: 'k', u: keys.uri } : { m: 'k', k: [...keys.keys] }
    }
  }
}

const methods = { p: 'client_secret_post', b: 'client_secret_basic', k: 'private_key_jwt' } as const

function opened(registration: PublicRegistration | ConfidentialRegistration): Record<string, unknown> {
  return {
    redirect_uris: registration.r,
    grant_types: registration.g ? ['authorization_code', 'refresh_token'] : ['authorization_code'],
    application_type: registration.a === 'n' ? 'native' : 'web',
    ...(registration.n === undefined ? {} : { client_name: registration.n }),
    ...(registration.s === undefined ? {} : { scope: registration.s }),
    ...('m' in registration && {
      token_endpoint_auth_method: methods[registration.m],
      ...(registration.k && { jwks: { keys: registration.k } }),
      ...(registration.u !== undefined && { jwks_uri: registration.u }),
    }),
  }
}
