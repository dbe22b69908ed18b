/** What an account of a stand-in is: the claims of its ID token, or at GitHub what the API says. */
export type VendorClaims = Readonly<Record<string, unknown>>

/** How a stand-in differs from a plain OpenID Provider. `vendors.ts` has one for each preset. */
export interface Vendor {
  /** The issuer in the metadata and in ID tokens. */
  readonly issuer: (origin: string, claims: VendorClaims) => string
  /** Where the metadata is, without `/.well-known/openid-configuration`. */
  readonly discovery: (origin: string) => string
  readonly authorizePath: string
  readonly tokenPath: string
  readonly keysPath: string
  /** Members of the metadata that differ from the usual ones; `undefined` removes one. */
  readonly metadata?: (origin: string) => Readonly<Record<string, unknown>>
  /** Members of the published keys. */
  readonly keyMembers?: (origin: string) => Readonly<Record<string, unknown>>
  /** Sends `iss` with its answers (RFC 9207). */
  readonly sendsIss?: boolean
  /** The values of `prompt` that it takes. Any other is refused on a page of its own. */
  readonly prompts: readonly string[]
  /** Refuses public clients. */
  readonly needsSecret?: boolean
  /** Takes every redirect URI below the registered one, as GitHub does. */
  readonly takesLowerPaths?: boolean
  /** Has no OpenID Connect: it answers with an access token only, and its API tells the rest. */
  readonly api?: boolean
  /** Whether an authorization request asks for a refresh token. Absent: if its scope has `offline_access`. */
  readonly isOffline?: (asked: URLSearchParams) => boolean
  /** Refuses the scope `offline_access`. */
  readonly refusesOfflineScope?: boolean
  /** A person, as its ID tokens tell of one who can sign in. */
  readonly person: VendorClaims
  /** What it answers when its code is refused. */
  readonly badCode: { readonly status: number; readonly body: Readonly<Record<string, unknown>> }
}
