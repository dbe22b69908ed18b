import { BoundedMap } from '../../base/bounded-map.ts'
import { sha256 } from '../../base/sha256.ts'
import type { DerivedSecrets } from '../keys/derived-secrets.ts'
import type { BlockedClients } from './blocked-clients.ts'
import type { Client, ClientAuthenticationMethod } from './client.ts'
import type { ClientKey } from './client-keys.ts'
import {
  type ClientMetadata,
  type ClientPolicy,
  type MetadataRefused,
  parseClientMetadata,
  presentMembers,
  requirementMembers,
} from './client-metadata.ts'
import {
  authenticationOf,
  type ClientAuthenticationMetadata,
  isSecretMethod,
  parseAuthentication,
} from './client-metadata-authentication.ts'
import type { RegistrationSealer } from './sealed-registration.ts'

/** The body of the 201 (RFC 7591 §3.2.1). It never contains `null`. */
export type RegistrationResponse = ReturnType<typeof registrationResponse> & AuthenticationResponse

interface AuthenticationResponse {
  readonly token_endpoint_auth_method: ClientAuthenticationMethod
  /** Both or neither. 0: the secret never expires. */
  readonly client_secret?: string
  readonly client_secret_expires_at?: 0
  /** One of the two, or neither. */
  readonly jwks?: { readonly keys: readonly ClientKey[] }
  readonly jwks_uri?: string
}

/** Dynamic client registration (RFC 7591) without a store: the client_id contains the registration. */
export type Registrations = ReturnType<typeof createRegistrations>

const LONGEST_CLIENT_ID = 2_048

/** The most registrations that an instance remembers. Each takes a few kilobytes. */
const mostRemembered = 200

/** A registration that this server sealed. */
interface OpenRegistration {
  /** What the operator may block it by. */
  readonly marks: Parameters<BlockedClients['blocks']>[0]
  /** `null` if the current rules no longer accept its metadata. */
  readonly client: Client | null
}

export function createRegistrations(options: {
  readonly sealer: RegistrationSealer
  readonly policy: ClientPolicy
  /** Clients that `resolve` no longer knows. */
  readonly blocked?: BlockedClients
  /** Milliseconds since the epoch. */
  readonly now: () => number
}) {
  const { sealer, policy, blocked, now } = options
  /** By client_id: a client comes several times in one sign-in, and its registration never changes. */
  const remembered = new BoundedMap<string, OpenRegistration>(mostRemembered)

  function open(clientId: string): OpenRegistration | null {
    if (clientId.length > LONGEST_CLIENT_ID) return null
    const registration = sealer.open(clientId)
    if (!registration) return null
    const hash = sha256(clientId)
    const { redirectUris: urls, issuedAt } = registration
    const marks = { hash, urls, issuedAt }
    const metadata = parseClientMetadata(registration.metadata, { ...policy, unacceptable: 'omit' })
    const authentication = parseAuthentication(registration.metadata)
    if ('error' in metadata || 'error' in authentication) return { marks, client: null }
    const { name, scope, redirectUris, grantTypes, requires } = metadata
    const hasSecret = (secret: string) => sealer.secrets.matches(clientId, secret)
    const client: Client = {
      id: clientId,
      hash,
      source: 'registration',
      redirectUris,
      grantTypes,
      ...authenticationOf(authentication),
      ...(isSecretMethod(authentication.method) ? { hasSecret } : {}),
      issuedAt,
      underRetiredSecret: registration.underRetiredSecret || undefined,
      name,
      scope,
      requires,
    }
    return { marks, client }
  }

  return {
    /** Registers a client. `input` is the untrusted JSON body. */
    async register(input: unknown): Promise<RegistrationResponse | MetadataRefused> {
      const metadata = parseClientMetadata(input, { ...policy, unacceptable: 'refuse' })
      if ('error' in metadata) return metadata
      const authentication = parseAuthentication(presentMembers(input) ?? {})
      if ('error' in authentication) return authentication
      const issuedAt = Math.floor(now() / 1000)
      const clientId = sealer.seal(metadata, authentication, issuedAt)
      if (clientId.length > LONGEST_CLIENT_ID) {
        const description = 'too much metadata: fewer or shorter redirect_uris, or jwks_uri instead of jwks'
        return { error: 'invalid_client_metadata', description }
      }
      return {
        ...registrationResponse(clientId, issuedAt, metadata),
        ...authenticationResponse(clientId, authentication, sealer.secrets),
      }
    },

    /** Returns the client of a client_id by the current rules, or `null` for a string that is no registration. */
    async resolve(clientId: string): Promise<Client | null> {
      const opened = remembered.get(clientId) ?? open(clientId)
      if (!opened) return null
      // Only sealed registrations get here, so junk drops none of them.
      remembered.set(clientId, opened)
      return blocked?.blocks(opened.marks) ? null : opened.client
    },
  }
}

/**
 * Echoes what was registered, which may differ from the request (RFC 7591 §3.2.1). Members that this server does not keep,
 * such as logo and contacts, are not echoed.
 */
function registrationResponse(clientId: string, issuedAt: number, metadata: ClientMetadata) {
  return {
    client_id: clientId,
    client_id_issued_at: issuedAt,
    redirect_uris: metadata.redirectUris,
    grant_types: metadata.grantTypes,
    response_types: ['code'] as const,
    application_type: metadata.applicationType,
    client_name: metadata.name,
    scope: metadata.scope,
    ...requirementMembers(metadata.requires),
  }
}

/** Issues a secret only to clients that registered a secret-based method (R-09, T-10). */
function authenticationResponse(
  clientId: string,
  authentication: ClientAuthenticationMetadata,
  secrets: DerivedSecrets,
): AuthenticationResponse {
  const { method } = authentication
  if (isSecretMethod(method)) {
    return { token_endpoint_auth_method: method, client_secret: secrets.of(clientId), client_secret_expires_at: 0 }
  }
  if (authentication.method !== 'private_key_jwt') return { token_endpoint_auth_method: method }
  const { keys } = authentication
  return { token_endpoint_auth_method: method, ...('uri' in keys ? { jwks_uri: keys.uri } : { jwks: keys }) }
}
