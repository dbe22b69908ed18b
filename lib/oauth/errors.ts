import type { ValidatedRedirect } from './clients/redirect-uri.ts'
import type { ErrorKind } from './pages/index.ts'

/** The error codes of RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2 and RFC 8707 §2, and OpenID Connect Core §3.1.2.6. */
export type ErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'access_denied'
  | 'login_required'
  | 'consent_required'
  | 'interaction_required'
  | 'account_selection_required'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'server_error'
  | 'temporarily_unavailable'
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata'

/**
 * What went wrong, in three voices: `code` for the wire, `description` for the developer who reads the answer
 * (ASCII, public), `detail` for the log.
 */
export class OAuthError extends Error {
  override readonly name: string = 'OAuthError'
  readonly code: ErrorCode
  readonly description: string
  readonly detail: string | undefined

  constructor(code: ErrorCode, description: string, detail?: string) {
    super(`${code}: ${description}`)
    this.code = code
    this.description = description
    this.detail = detail
  }
}

/** 429 (RFC 6585 §4): the same request may come again after `retryAfter` seconds. */
export class LimitError extends OAuthError {
  override readonly name = 'LimitError'
  readonly retryAfter: number

  constructor(retryAfter: number, detail: string) {
    super('temporarily_unavailable', 'too many requests: try later', detail)
    this.retryAfter = retryAfter
  }
}

/** Nothing may redirect: the person sees a page of ours (OAuth 2.1 §4.1.2.1; A-04). */
export class PageError extends OAuthError {
  override readonly name = 'PageError'
  readonly kind: ErrorKind
  /** A path of ours at which the same sign-in begins anew; absent: only the app can begin it. */
  readonly again: string | undefined

  constructor(kind: ErrorKind, code: ErrorCode, description: string, detail?: string, again?: string) {
    super(code, description, detail)
    this.kind = kind
    this.again = again
  }
}

/** May go back to the client, because client and redirect URI are proven: the type says so. */
export class AuthorizationError extends OAuthError {
  override readonly name = 'AuthorizationError'
  readonly redirect: ValidatedRedirect
  readonly state: string | undefined

  constructor(to: { redirect: ValidatedRedirect; state: string | undefined }, code: ErrorCode, description: string) {
    super(code, description)
    this.redirect = to.redirect
    this.state = to.state
  }
}
