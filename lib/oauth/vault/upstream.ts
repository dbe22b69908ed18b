import type { Kept } from './vault-seal.ts'

/** Tokens that the provider has given. */
export interface UpstreamTokens {
  /** Absent: the provider gave none, or the earlier one stays. */
  readonly refreshToken?: string | undefined
  readonly accessToken?: string | undefined
  /** Seconds. 0: the provider did not say. */
  readonly accessLifetime: number
}

/**
 * What the provider answered to a refresh token.
 * - `refused`: the provider itself refuses the token or the person.
 * - `foreign`: the answer names another person. It must not be used.
 * - `failed`: everything else. It says nothing about the person.
 *
 * `doubtful`: the provider may have acted on a request whose answer was lost.
 */
export type UpstreamAnswer =
  | { readonly kind: 'tokens'; readonly tokens: UpstreamTokens; readonly claims?: unknown }
  | { readonly kind: 'refused'; readonly reason: string; readonly doubtful: boolean }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'failed'; readonly reason: string; readonly doubtful: boolean }

/** Asks the OpenID Provider. Neither function throws. */
export interface AskUpstream {
  refresh(kept: Pick<Kept, 'refreshToken' | 'subject'>, signal: AbortSignal): Promise<UpstreamAnswer>
  /** Revokes a refresh token, if the provider can (RFC 7009). */
  revoke(refreshToken: string, signal: AbortSignal): Promise<void>
}
