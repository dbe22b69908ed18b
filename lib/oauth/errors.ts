/** The error codes of RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2, RFC 9101 §7, RFC 9449 §5, and OpenID Connect Core §3.1.2.6. */
export type ErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_dpop_proof'
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
  | 'invalid_request_uri'
  | 'server_error'
  | 'temporarily_unavailable'
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata'

/**
 * Says what went wrong to three readers: `code` to the program, `description` to the developer who reads the answer
 * (ASCII, public), and `detail` to the operator who reads the log.
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

/** Becomes a 429 (RFC 6585 §4): the client may repeat the request after `retryAfter` seconds. */
export class LimitError extends OAuthError {
  override readonly name = 'LimitError'
  readonly retryAfter: number

  constructor(retryAfter: number, detail: string) {
    super('temporarily_unavailable', 'too many requests: try later', detail)
    this.retryAfter = retryAfter
  }
}

/** The reasons for an error page. `pages/error-texts.ts` has the words for each. */
export const errorKinds = [
  'expired',
  'other-browser',
  'unknown-client',
  'client-unavailable',
  'invalid-redirect-uri',
  'invalid-request',
  'not-configured',
  'sign-in-unavailable',
  'sign-in-stuck',
  'not-allowed',
  'login-expired',
  'login-failed',
  'account-unsuitable',
  'too-many-sign-ins',
  'cross-site',
  'not-navigated',
  'speculative',
  'unexpected',
] as const
export type ErrorKind = (typeof errorKinds)[number]

/** What an error page has besides its kind, code and description. */
interface PageErrorExtras {
  /** For the log. */
  readonly detail?: string | undefined
  /** A path of this server that starts the same sign-in again. If absent, only the app can start it. */
  readonly again?: string | undefined
  /** Seconds until the user may try again. The answer is then a 429. */
  readonly retryAfter?: number
  /** What the user can do, in the place of the usual words. */
  readonly remedy?: string | undefined
  /** The provider that it is about, by the name that users know. If absent, the only one. */
  readonly provider?: string | undefined
}

/** Becomes an error page. It never redirects, since nothing proves yet where it could (OAuth 2.1 §4.1.2.1; A-04). */
export class PageError extends OAuthError {
  override readonly name = 'PageError'
  readonly kind: ErrorKind
  readonly again: string | undefined
  readonly retryAfter: number | undefined
  readonly extras: PageErrorExtras

  constructor(kind: ErrorKind, code: ErrorCode, description: string, extras: PageErrorExtras = {}) {
    super(code, description, extras.detail)
    this.kind = kind
    this.again = extras.again
    this.retryAfter = extras.retryAfter
    this.extras = extras
  }
}
