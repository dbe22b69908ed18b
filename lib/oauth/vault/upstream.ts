import { sha256 } from '../../base/sha256.ts'
import type { Kept } from './vault-seal.ts'

/** Tokens that the provider has given. */
export interface UpstreamTokens {
  /** Absent: the provider gave none, or the earlier one stays. */
  readonly refreshToken?: string | undefined
  readonly accessToken?: string | undefined
  /** Seconds. 0: the provider did not say. */
  readonly accessLifetime: number
  /** The name of the provider in the settings. Absent: the default provider. */
  readonly provider?: string | undefined
  /** The issuer of the person, as at the sign-in. */
  readonly issuer?: string | undefined
  /** The provider and our client there, as `sourceOf` names them. */
  readonly source?: string | undefined
}

/** Names a provider and our client there. No other provider, and no other client, may be asked with a token of this one. */
export const sourceOf = ({ issuer, clientId }: { readonly issuer: string; readonly clientId: string }): string =>
  sha256(`${issuer}\n${clientId}`).slice(0, 22)

/** What a later ID token says about the role of the person. */
export interface Claimed {
  readonly roleMarks?: readonly string[] | undefined
  readonly organizationId?: string | undefined
}

/**
 * What the provider answered to a refresh token. `claimed` is absent without a later ID token.
 * - `refused`: the provider itself refuses the token or the person.
 * - `foreign`: the answer names another person. It must not be used.
 * - `elsewhere`: the settings no longer have the provider, or our client there, that gave the token. Nothing was asked.
 * - `failed`: everything else. It says nothing about the person.
 *
 * `doubtful`: the provider may have acted on a request whose answer was lost.
 */
export type UpstreamAnswer =
  | { readonly kind: 'tokens'; readonly tokens: UpstreamTokens; readonly claimed?: Claimed | undefined }
  | { readonly kind: 'refused'; readonly reason: string; readonly doubtful: boolean }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'elsewhere'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly doubtful: boolean }

/** What the provider is asked with. */
export type Presented = Pick<Kept, 'refreshToken' | 'subject' | 'provider' | 'issuer' | 'source'>

/** Asks the OpenID Provider of the tokens. */
export interface AskUpstream {
  /** Never throws. */
  refresh(kept: Presented, signal: AbortSignal): Promise<UpstreamAnswer>
  /** Revokes a refresh token, if the provider can (RFC 7009). Throws if it does not answer. */
  revoke(kept: Presented, signal: AbortSignal): Promise<void>
}
