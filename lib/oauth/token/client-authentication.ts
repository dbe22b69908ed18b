import type { Client, ClientAuthenticationMethod } from '../clients/client.ts'
import { OAuthError } from '../errors.ts'
import type { Parameters } from '../parameters.ts'
import { sha256 } from '../sha256.ts'

/** Who calls the token endpoint, and how it proved that. */
export interface AuthenticatedClient {
  readonly id: string
  /** base64url SHA-256 of `id`. */
  readonly hash: string
  readonly method: ClientAuthenticationMethod
  /** As registered; `undefined` for the URL of a metadata document, which is not fetched here. */
  readonly grantTypes: readonly string[] | undefined
}

/** The registration behind a client_id; `null` unless it is one of ours that still opens. */
export type FindRegistration = (clientId: string) => Promise<Pick<Client, 'grantTypes'> | null>

/**
 * Client authentication at the token endpoint (OAuth 2.1 §2.4; T-07). Public clients name themselves by `client_id`;
 * one that presents a secret was never given it by us. A registered id has to open; the URL of a metadata document is
 * not fetched here (M-13): code and refresh token are bound to it. Throws `OAuthError`.
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
  const client = { id, hash: sha256(id), method: 'none' } as const
  if (id.startsWith('https://')) return { ...client, grantTypes: undefined }
  const registration = await findRegistration(id)
  if (!registration) throw new OAuthError('invalid_client', 'unknown client_id: register again')
  return { ...client, grantTypes: registration.grantTypes }
}
