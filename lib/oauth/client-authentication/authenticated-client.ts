import type { Call } from '../../base/call.ts'
import type { ClientAuthenticationMethod } from '../clients/client.ts'
import type { Parameters } from '../http/parameters.ts'

/** Who calls the token or the revocation endpoint, and how it proved that. */
export interface AuthenticatedClient {
  readonly id: string
  /** base64url SHA-256 of `id`. */
  readonly hash: string
  readonly method: ClientAuthenticationMethod
  /** As registered; `undefined` where a metadata document is not fetched to be asked. */
  readonly grantTypes: readonly string[] | undefined
  /** Whether the operator blocks the host of a redirect URI that an answer for this client went to; told to the log. */
  isBlockedAt(redirectHost: string): boolean
  /**
   * To be awaited just before what the request changes: an assertion counts as used from then on. Throws `OAuthError` if
   * another request has used it, and `StoreUnavailable`.
   */
  spend(signal: AbortSignal): Promise<void>
}

/** Client authentication (OAuth 2.1 §2.4), the same at every endpoint that asks for it. */
export interface ClientAuthentication {
  /** Throws `OAuthError`, and `StoreUnavailable`. */
  authenticate(request: Request, form: Parameters, call: AuthenticationCall): Promise<AuthenticatedClient>
}

export type AuthenticationCall = Pick<Call, 'signal' | 'address'>
