import type { Call } from '../../base/call.ts'
import type { ClientAuthenticationMethod } from '../clients/client.ts'
import type { Parameters } from '../http/parameters.ts'

/** The client that calls the token or the revocation endpoint, and how it authenticated. */
export interface AuthenticatedClient {
  readonly id: string
  /** base64url SHA-256 of `id`. */
  readonly hash: string
  readonly method: ClientAuthenticationMethod
  /** The registered grant types. `undefined` for a metadata document, which is not fetched for them. */
  readonly grantTypes: readonly string[] | undefined
  /** Whether the operator blocks this client at a host of a redirect URI. If so, writes that to the log. */
  isBlockedAt(redirectHost: string): boolean
  /**
   * Marks the assertion as used. Callers await this just before the request changes anything. Throws `OAuthError` if another
   * request has used the assertion, and `StoreUnavailable`.
   */
  spend(signal: AbortSignal): Promise<void>
}

/** Client authentication (OAuth 2.1 §2.4), which is the same at every endpoint that requires it. */
export interface ClientAuthentication {
  /** Authenticates the client of a request. Throws `OAuthError` and `StoreUnavailable`. */
  authenticate(request: Request, form: Parameters, call: AuthenticationCall): Promise<AuthenticatedClient>
}

export type AuthenticationCall = Pick<Call, 'signal' | 'address'>
