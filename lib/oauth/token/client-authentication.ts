import type { ClientAuthenticationMethod } from '../clients/client.ts'
import { OAuthError } from '../errors.ts'
import type { Parameters } from '../parameters.ts'
import { sha256 } from '../sha256.ts'

/** Who calls the token endpoint, and how it proved that. */
export interface AuthenticatedClient {
  readonly id: string
  /** base64url SHA-256 of `id`. */
  readonly hash: string
  readonly method: ClientAuthenticationMethod
}

/** Whether a client_id is a registration of ours that still opens. */
export type IsRegistered = (clientId: string) => boolean | Promise<boolean>

/**
 * Client authentication at the token endpoint (OAuth 2.1 §2.4; T-07). Public clients name themselves by `client_id`;
 * one that presents a secret was never given it by us. A registered id has to open; the URL of a metadata document is
 * not fetched here (M-13): code and refresh token are bound to it. Throws `OAuthError`.
 */
export async function authenticateClient(
  request: Request,
  form: Parameters,
  isRegistered: IsRegistered,
): Promise<AuthenticatedClient> {
  if (request.headers.has('authorization') || form.get('client_secret') !== undefined) {
    throw new OAuthError('invalid_client', 'this is a public client: send client_id only, without a secret')
  }
  if (form.get('client_assertion') !== undefined || form.get('client_assertion_type') !== undefined) {
    throw new OAuthError('invalid_client', 'client assertions are not supported')
  }
  const id = form.get('client_id')
  if (id === undefined) throw new OAuthError('invalid_request', 'client_id is missing')
  if (!id.startsWith('https://') && !(await isRegistered(id))) {
    throw new OAuthError('invalid_client', 'unknown client_id: register again')
  }
  return { id, hash: sha256(id), method: 'none' }
}
