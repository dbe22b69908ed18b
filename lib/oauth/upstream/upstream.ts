/**
 * The OpenID Provider that people sign in to. It knows one client, us, whatever number of MCP clients registered with
 * us (F-000-04). Says who someone is; issues nothing of ours, so that another consumer can use it as well (F-000-09).
 */
export interface Upstream {
  /** Where the browser is to go. Throws `UpstreamError` of kind `transient` when the provider cannot be reached. */
  authorizationUrl(login: Login, prompt: UpstreamPrompt | undefined, signal: AbortSignal): Promise<URL>
  /** Turns the provider's answer (the query of the callback) into an identity. Throws `UpstreamError`. */
  identify(answer: URLSearchParams, login: Login, signal: AbortSignal): Promise<Identity>
}

/** One sign-in at the provider: fresh random values, kept in the browser's transaction cookie (F-01, F-03). */
export interface Login {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/** What of `prompt` is passed on. */
export type UpstreamPrompt = 'login' | 'select_account'

export interface Identity {
  /** The key of a person is issuer and subject together (F-07). */
  readonly issuer: string
  readonly sub: string
  readonly email?: string
  /** Absent: the provider did not say (F-000-72). */
  readonly emailVerified?: boolean
  readonly organization?: { readonly id?: string; readonly name?: string }
}

/**
 * - `refused`: the provider, or the person there, said no; `code` is what it answered.
 * - `transient`: no answer, or 429 or 5xx; the same request may succeed in a moment (F-13).
 * - `invalid`: the answer does not prove who this is.
 */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly kind: 'refused' | 'transient' | 'invalid'
  readonly code: string | undefined

  constructor(
    kind: UpstreamError['kind'],
    message: string,
    options?: { readonly code?: string; readonly cause?: unknown },
  ) {
    super(message, { cause: options?.cause })
    this.kind = kind
    this.code = options?.code
  }
}
