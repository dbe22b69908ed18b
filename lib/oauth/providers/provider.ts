import { sha256 } from '../../base/sha256.ts'
import { paths } from '../capabilities.ts'
import type { UpstreamTokens } from '../vault/upstream.ts'

/**
 * The OpenID Provider that users sign in to. It knows this server as its only client, however many MCP clients are registered here
 * (F-000-04). It tells who the user is and issues no token of this server, so that other code can use it as well (F-000-09).
 */
export interface Provider {
  /** Covers issuer, client id and callback. A sign-in ends at the provider where it began. */
  readonly id: string
  /** Its name in the settings, which is the end of its callback path. Absent: the default provider, at `/mcp/callback`. */
  readonly name?: string | undefined
  /** Returns where the browser goes. Throws `ProviderError` of kind `passing` or `misconfigured`. */
  authorizationUrl(
    login: Login,
    prompt: ProviderPrompt | undefined,
    signal: AbortSignal,
    /** Seconds. A person who signed in there earlier than this is asked to sign in again. */
    maxAge?: number,
  ): Promise<URL>
  /** Turns the provider's answer (the query of the callback) into an identity. Throws `ProviderError`. */
  identify(answer: URLSearchParams, login: Login, signal: AbortSignal): Promise<Identity>
}

/** The `id` of a provider. It covers the redirect URI as well, because the provider ties each code to one URI. */
export function providerId(options: {
  readonly issuer: string
  readonly clientId: string
  readonly redirectUri: string
}): string {
  return sha256(`${options.issuer}\n${options.clientId}\n${options.redirectUri}`).slice(0, 11)
}

/** One of the providers that users choose among. */
export interface OfferedProvider extends Provider {
  /** What its button says after "Continue with". */
  readonly label: string
  /** In lower case. For addresses of these domains and below them, this provider alone may speak (N7). */
  readonly emailDomains: readonly string[]
  /** It has no button: users find it by the domain of their email address. */
  readonly byDomainOnly: boolean
}

/** The path of a provider's callback. Each provider has a callback of its own, so that no code can be taken for that of another. */
export const callbackPath = (name: string | undefined): string =>
  name === undefined ? paths.callback : `${paths.callback}/${name}`

/** The random values of one sign-in at the provider. The browser's transaction cookie keeps them (F-01, F-03). */
export interface Login {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/** The values of `prompt` that are passed on to the provider. */
export type ProviderPrompt = 'login' | 'select_account'

export interface Identity {
  /** Issuer and subject together identify the user (F-07). */
  readonly issuer: string
  readonly sub: string
  readonly email?: string
  /** Absent if the provider did not say (F-000-72). */
  readonly emailVerified?: boolean
  readonly organization?: { readonly id?: string; readonly name?: string }
  /** The marks of values of claims that decide about the user's role. Absent where no claim decides. */
  readonly roleMarks?: string[]
  /** The provider's tokens, where this server keeps them. */
  readonly tokens?: UpstreamTokens
  /** When the user signed in at the provider, in seconds since the epoch. Absent if the provider did not say. */
  readonly signedInAt?: number
  /** The provider's id of this browser's session there (`sid`), which a logout token names. Absent if the provider did not say. */
  readonly sessionId?: string
}

/**
 * What a failed sign-in means for the next step.
 *
 * - `refused`: the provider, or the user there, refused.
 * - `spent`: the provider has or may have taken its code, and no user was identified. The same request can never succeed, but a
 *   new one through the provider can.
 * - `passing`: the provider did not answer, and its code is still valid. The same request may succeed in a moment (F-13).
 * - `misconfigured`: every sign-in fails like this until the operator or the provider changes something.
 * - `invalid`: the answer does not prove who the user is.
 * - `unsuitable`: the provider says who the user is, and the operator's rules accept no such account. `remedy` tells the user what
 *   to do.
 */
export type ProviderFailure = 'refused' | 'spent' | 'passing' | 'misconfigured' | 'invalid' | 'unsuitable'

export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly kind: ProviderFailure
  /** The provider's error code if it may be logged, or this server's own name for a misconfiguration. */
  readonly code: string | undefined
  /** With `spent`: the provider itself rejected the code. Otherwise its answer was lost, late or broken. */
  readonly rejected: boolean
  /** With `unsuitable`: what the user can do, for a page of ours. */
  readonly remedy: string | undefined

  /** @param message for the log: fixed words that quote nothing from the provider */
  constructor(
    kind: ProviderFailure,
    message: string,
    options?: {
      readonly code?: string | undefined
      readonly rejected?: boolean
      readonly remedy?: string
      readonly cause?: unknown
    },
  ) {
    super(message, { cause: options?.cause })
    this.kind = kind
    this.code = options?.code
    this.rejected = options?.rejected ?? false
    this.remedy = options?.remedy
  }
}
