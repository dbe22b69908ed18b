import * as v from 'valibot'
import type { Sealing } from '../keys/sealing.ts'
import { clientKeySchema } from './client-keys.ts'
import { type ClientMetadata, requirementMembers } from './client-metadata.ts'
import type { ClientAuthenticationMetadata } from './client-metadata-authentication.ts'

/** A registration as its client_id carries it. */
const publicSchema = v.object({
  redirectUris: v.array(v.string()),
  /** Whether the client has the refresh_token grant beside authorization_code. */
  usesRefreshTokens: v.boolean(),
  /** native or web */
  applicationType: v.picklist(['n', 'w']),
  name: v.optional(v.string()),
  scope: v.optional(v.string()),
  requires: v.optional(v.array(v.string())),
  /** Seconds since the epoch. */
  issuedAt: v.number(),
})

/** A registration of a client that authenticates. */
const confidentialSchema = v.object({
  ...publicSchema.entries,
  /** post, basic or key */
  method: v.picklist(['p', 'b', 'k']),
  keys: v.optional(v.array(clientKeySchema)),
  jwksUri: v.optional(v.string()),
})

/** The names inside the client_id. They are short, because it travels in URLs and many clients keep it under 2 KB. */
const names = {
  redirectUris: 'r',
  usesRefreshTokens: 'g',
  applicationType: 'a',
  name: 'n',
  scope: 's',
  requires: 'q',
  issuedAt: 't',
  method: 'm',
  keys: 'k',
  jwksUri: 'u',
}

type PublicRegistration = v.InferOutput<typeof publicSchema>
type ConfidentialRegistration = v.InferOutput<typeof confidentialSchema>

/** Signs a registration into a client_id, and opens it. */
export type RegistrationSealer = ReturnType<typeof createRegistrationSealer>

/**
 * Makes the sealer. Ids of clients that authenticate have a purpose of their own, which a leaked secret does not open: an
 * attacker with it could make such ids and their client secrets. It opens only ids of public clients, which prove nothing.
 */
export function createRegistrationSealer(sealing: Sealing) {
  const publicClients = sealing.signed('client', publicSchema, { names })
  const retiredClients = sealing.signedByRetired('client', publicSchema, { names })
  const confidentialClients = sealing.signed('confidential-client', confidentialSchema, { names })
  return {
    seal(metadata: ClientMetadata, authentication: ClientAuthenticationMetadata, issuedAt: number): string {
      const registration = sealed(metadata, issuedAt)
      return authentication.method === 'none'
        ? publicClients.seal(registration)
        : confidentialClients.seal({ ...registration, ...sealedAuthentication(authentication) })
    },
    /** Returns what a client_id says, and `null` for a string that this did not seal. */
    open(clientId: string) {
      const sound = publicClients.open(clientId) ?? confidentialClients.open(clientId)
      const registration = sound ?? retiredClients.open(clientId)
      return (
        registration && {
          /** The metadata in the names of RFC 7591, to be validated like any other metadata. */
          metadata: opened(registration),
          redirectUris: registration.redirectUris,
          /** Seconds since the epoch. 0 for a registration under a retired secret, whose own time proves nothing. */
          issuedAt: sound ? registration.issuedAt : 0,
          /** It is signed with a leaked secret, so an attacker may have made it at any time. */
          underRetiredSecret: !sound,
        }
      )
    },
    /** Derives client secrets from client ids, so that none is stored. */
    secrets: sealing.secrets('client-secret'),
  }
}

function sealed(metadata: ClientMetadata, issuedAt: number): PublicRegistration {
  return {
    redirectUris: [...metadata.redirectUris],
    usesRefreshTokens: metadata.grantTypes.includes('refresh_token'),
    applicationType: metadata.applicationType === 'native' ? 'n' : 'w',
    name: metadata.name,
    scope: metadata.scope,
    requires: metadata.requires && [...metadata.requires],
    issuedAt,
  }
}

const letters = { client_secret_post: 'p', client_secret_basic: 'b', private_key_jwt: 'k' } as const

function sealedAuthentication(authentication: Exclude<ClientAuthenticationMetadata, { method: 'none' }>) {
  const method = letters[authentication.method]
  if (authentication.method !== 'private_key_jwt') return { method }
  const { keys } = authentication
  return 'uri' in keys ? { method, jwksUri: keys.uri } : { method, keys: [...keys.keys] }
}

const methods = { p: 'client_secret_post', b: 'client_secret_basic', k: 'private_key_jwt' } as const

function opened(registration: PublicRegistration | ConfidentialRegistration): Record<string, unknown> {
  return {
    redirect_uris: registration.redirectUris,
    grant_types: registration.usesRefreshTokens ? ['authorization_code', 'refresh_token'] : ['authorization_code'],
    application_type: registration.applicationType === 'n' ? 'native' : 'web',
    client_name: registration.name,
    scope: registration.scope,
    ...requirementMembers(registration.requires),
    ...('method' in registration && {
      token_endpoint_auth_method: methods[registration.method],
      jwks: registration.keys && { keys: registration.keys },
      jwks_uri: registration.jwksUri,
    }),
  }
}
