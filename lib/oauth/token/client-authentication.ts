import type { BlockedClients } from '../clients/blocked-clients.ts'
import type { ClientAuthenticationMethod } from '../clients/client.ts'
import type { Registrations } from '../clients/registration.ts'
import { OAuthError } from '../errors.ts'
import type { Parameters } from '../parameters.ts'
import { sha256 } from '../sha256.ts'

/** Who calls the token endpoint, and how it proved that. */
export interface AuthenticatedClient extends KnownClient {
  readonly id: string
  /** base64url SHA-256 of `id`. */
  readonly hash: string
  readonly method: ClientAuthenticationMethod
}

/** What is known of a client where its metadata document is not fetched. */
export interface KnownClient {
  /** As registered; `undefined` for the URL of a metadata document. */
  readonly grantTypes: readonly string[] | undefined
  /** Whether the operator blocks the host of a redirect URI that an answer for this client went to; told to the log. */
  isBlockedAt(redirectHost: string): boolean
}

/** The client behind a client_id; `null` for one that is no registration of ours that still opens, or is blocked. */
export type FindRegistration = (clientId: string) => Promise<KnownClient | null>

/**
 * Client authentication at the token endpoint (OAuth 2.1 §2.4; T-07). Public clients name themselves by `client_id`;
 * one that presents a secret was never given it by us. Throws `OAuthError`.
 */
export async function authenticateClient(
  request: Request,
  form: Parameters,
  findRegistration: FindRegistration,
): Promise<AuthenticatedClient> {
  if (request.headers.has('authorization') || form.get('client_secret') !== undefined) {
    throw new OAuthError('invalid_client', 'this is a public client: send client_id only, without a secret')
  }
  if (form.get('client_assertion') !== undefined || form.get('client_assertion_type') !== undefined) {
    throw new OAuthError('invalid_client', 'client assertions are not supported')
  }
  const id = form.get('client_id')
  if (id === undefined) throw new OAuthError('invalid_request', 'client_id is missing')
  const known = await findRegistration(id)
  if (!known) {
    const isUrl = id.startsWith('https://')
    throw new OAuthError('invalid_client', isUrl ? 'this client has been blocked' : 'unknown client_id: register again')
  }
  return { ...known, id, hash: sha256(id), method: 'none' }
}

/**
 * Finds clients for the token endpoint. A registered id has to open; the URL of a metadata document is not fetched here
 * (M-13): code and refresh token are bound to it.
 */
export function createFindRegistration(
  registrations: Pick<Registrations, 'resolve'>,
  blocked: BlockedClients,
): FindRegistration {
  return async (id) => {
    const hash = sha256(id)
    const isBlockedAt = (host: string) => blocked.blocks({ hash, hosts: [host] })
    if (id.startsWith('https://')) {
      return blocked.blocks({ hash, urls: [id] }) ? null : { grantTypes: undefined, isBlockedAt }
    }
    const registration = await registrations.resolve(id)
    return registration && { grantTypes: registration.grantTypes, isBlockedAt }
  }
}

/** Throws `OAuthError` if the answer went to a host that is blocked by now. Codes and tokens of apps name none. */
export function requireUnblockedHost(redirectHost: string | undefined, client: AuthenticatedClient): void {
  if (redirectHost !== undefined && client.isBlockedAt(redirectHost)) {
    throw new OAuthError('invalid_client', 'this client has been blocked')
  }
}
