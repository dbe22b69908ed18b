import { sha256 } from '../../base/sha256.ts'

/**
 * The OpenID Provider that people sign in to. It knows one client, us, whatever number of MCP clients registered with
 * us (F-000-04). Says who someone is; issues nothing of ours, so that another consumer can use it as well (F-000-09).
 */
export interface Provider {
  /** Tells this provider from another one that the operator may put in its place. A sign-in is finished where it was begun. */
  readonly id: string
  /** Where the browser is to go. Throws `ProviderError` of kind `passing` or `misconfigured`. */
  authorizationUrl(login: Login, prompt: ProviderPrompt | undefined, signal: AbortSignal): Promise<URL>
  /** Turns the provider's answer (the query of the callback) into an identity. Throws `ProviderError`. */
  identify(answer: URLSearchParams, login: Login, signal: AbortSignal): Promise<Identity>
}

/** The `id` of a provider. It covers the redirect URI as well, because the provider ties each code to one. */
export function providerId(options: {
  readonly issuer: string
  readonly clientId: string
  readonly redirectUri: string
}): string {
  return sha256(`${options.issuer}\n${options.clientId}\n${options.redirectUri}`).slice(0, 11)
}

/** One sign-in at the provider: fresh random values, kept in the browser's transaction cookie (F-01, F-03). */
export interface Login {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/** What of `prompt` is passed on. */
export type ProviderPrompt = 'login' | 'select_account'

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
 * What a failed sign-in means for what comes next, told by what the provider really answered.
 *
 * - `refused`: the provider, or the person there, said no.
 * - `spent`: the provider has, or may have, taken its code, and nobody was identified: the same request can never
 *   succeed, a new one through the provider can.
 * - `passing`: the provider's own answer was never heard, and its code is as good as before: the same request may succeed in
 *   a moment (F-13).
 * - `misconfigured`: the same again for everybody, until the operator or the provider changes something.
 * - `invalid`: the answer does not prove who this is.
 */
export type ProviderFailure = 'refused' | 'spent' | 'passing' | 'misconfigured' | 'invalid'

export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly kind: ProviderFailure
  /** The provider's error code as it may be logged, or our own name for what is misconfigured. */
  readonly code: string | undefined
  /** With `spent`: the provider said itself that the code is no good; otherwise its answer was lost, late or broken. */
  readonly rejected: boolean

  /** @param message for the log: fixed words, nothing that the provider sent */
  constructor(
    kind: ProviderFailure,
    message: string,
    options?: { readonly code?: string | undefined; readonly rejected?: boolean; readonly cause?: unknown },
  ) {
    super(message, { cause: options?.cause })
    this.kind = kind
    this.code = options?.code
    this.rejected = options?.rejected ?? false
  }
}
