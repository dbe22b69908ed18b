import * as v from 'valibot'
import { sha256 } from '../sha256.ts'
import type { BlockedClients } from './blocked-clients.ts'
import type { Client } from './client.ts'
import { type ApplicationType, type ClientMetadata, type MetadataRefused, parseClientMetadata } from './metadata.ts'
import type { RedirectPolicy } from './redirect-uri.ts'

/**
 * A registration as its client_id carries it. Short names, because the id travels in URLs that clients keep under 2 KB:
 * `r` redirect_uris, `g` whether there is a refresh_token grant beside authorization_code, `a` application_type (`n`ative or
 * `w`eb), `n` client_name, `s` scope, `t` client_id_issued_at in seconds.
 */
export const sealedRegistrationSchema = v.object({
  r: v.array(v.string()),
  g: v.boolean(),
  a: v.picklist(['n', 'w']),
  n: v.optional(v.string()),
  s: v.optional(v.string()),
  t: v.number(),
})
export type SealedRegistration = v.InferOutput<typeof sealedRegistrationSchema>

/** Signs a registration into a client_id and back. `open` answers `null` for whatever it did not seal. */
export interface RegistrationSealer {
  seal(registration: SealedRegistration): string | Promise<string>
  open(clientId: string): SealedRegistration | null | Promise<SealedRegistration | null>
}

/** RFC 7591 §3.2.1: the body of the 201, without a `null` in it. */
export interface RegistrationResponse {
  readonly client_id: string
  /** Seconds since the epoch. */
  readonly client_id_issued_at: number
  readonly redirect_uris: readonly string[]
  readonly grant_types: readonly string[]
  readonly response_types: readonly ['code']
  readonly token_endpoint_auth_method: 'none'
  readonly application_type: ApplicationType
  readonly client_name?: string
  readonly scope?: string
}

/** Dynamic client registration (RFC 7591) without a store: the client_id is the registration. */
export interface Registrations {
  /** @param metadata the parsed JSON body, not trusted in any way */
  register(metadata: unknown): Promise<RegistrationResponse | MetadataRefused>
  /** The client of a client_id of ours, by today's rules; `null` for every other string. */
  resolve(clientId: string): Promise<Client | null>
}

const LONGEST_CLIENT_ID = 2_048

export function createRegistrations(options: {
  readonly sealer: RegistrationSealer
  readonly policy: RedirectPolicy
  /** Those of them that `resolve` no longer knows. */
  readonly blocked?: BlockedClients
  /** Milliseconds since the epoch. */
  readonly now: () => number
}): Registrations {
  const { sealer, policy, blocked, now } = options
  return {
    async register(input) {
      const metadata = parseClientMetadata(input, { ...policy, unacceptable: 'refuse' })
      if ('error' in metadata) return metadata
      const issuedAt = Math.floor(now() / 1000)
      const clientId = await sealer.seal(sealed(metadata, issuedAt))
      if (clientId.length > LONGEST_CLIENT_ID) {
        return { error: 'invalid_client_metadata', description: 'too much metadata: fewer or shorter redirect_uris' }
      }
      return registrationResponse(clientId, issuedAt, metadata)
    },

    async resolve(clientId) {
      if (clientId.length > LONGEST_CLIENT_ID) return null
      const registration = await sealer.open(clientId)
      if (!registration) return null
      const hash = sha256(clientId)
      if (blocked?.blocks({ hash, urls: registration.r, issuedAt: registration.t })) return null
      const metadata = parseClientMetadata(opened(registration), { ...policy, unacceptable: 'omit' })
      if ('error' in metadata) return null
      const { name, scope, redirectUris, grantTypes } = metadata
      return {
        id: clientId,
        hash,
        source: 'registration',
        redirectUris,
        grantTypes,
        authenticationMethods: ['none'],
        issuedAt: registration.t,
        ...(name === undefined ? {} : { name }),
        ...(scope === undefined ? {} : { scope }),
      }
    },
  }
}

/**
 * Echoes what was registered, which may differ from what was asked for (RFC 7591 §3.2.1): in particular every client is
 * public, whatever method it named. What we do not keep (logo, URIs, contacts) is not registered, and not echoed.
 */
function registrationResponse(clientId: string, issuedAt: number, metadata: ClientMetadata): RegistrationResponse {
  return {
    client_id: clientId,
    client_id_issued_at: issuedAt,
    redirect_uris: metadata.redirectUris,
    grant_types: metadata.grantTypes,
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: metadata.applicationType,
    ...(metadata.name === undefined ? {} : { client_name: metadata.name }),
    ...(metadata.scope === undefined ? {} : { scope: metadata.scope }),
  }
}

function sealed(metadata: ClientMetadata, issuedAt: number): SealedRegistration {
  return {
    r: [...metadata.redirectUris],
    g: metadata.grantTypes.includes('refresh_token'),
    a: metadata.applicationType === 'native' ? 'n' : 'w',
    ...(metadata.name === undefined ? {} : { n: metadata.name }),
    ...(metadata.scope === undefined ? {} : { s: metadata.scope }),
    t: issuedAt,
  }
}

/** Back to RFC 7591's names, to be validated like any other metadata. */
function opened(registration: SealedRegistration): Record<string, unknown> {
  return {
    redirect_uris: registration.r,
    grant_types: registration.g ? ['authorization_code', 'refresh_token'] : ['authorization_code'],
    application_type: registration.a === 'n' ? 'native' : 'web',
    client_name: registration.n,
    scope: registration.s,
  }
}
