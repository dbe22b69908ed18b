/** A client that has been resolved: its registration opened, or its metadata document fetched, and validated just now. */
export interface Client {
  readonly id: string
  /** base64url SHA-256 of `id`: what sealed values and records carry instead of it. */
  readonly hash: string
  readonly source: 'registration' | 'metadata-document'
  /** What the client calls itself. Attacker text: nobody has verified it. */
  readonly name?: string
  /** The host that serves the metadata document: the one thing about a client that has been verified. */
  readonly verifiedHost?: string
  /** Every one of them has passed `parseRedirectUri`. */
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly string[]
  /** The methods this client may use at the token endpoint. */
  readonly authenticationMethods: readonly ClientAuthenticationMethod[]
  /** Space-separated, as registered: what it gets when it asks for none. */
  readonly scope?: string
  /** When it registered, in seconds since the epoch; absent for a metadata document. */
  readonly issuedAt?: number
}

/** RFC 7591 §2 `token_endpoint_auth_method`. */
export type ClientAuthenticationMethod = 'none'
