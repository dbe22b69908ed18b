import type { capabilities } from '../capabilities.ts'
import type { KeySource } from './client-keys.ts'

/** A client that has been resolved: its registration opened, or its metadata document fetched, and validated just now. */
export interface Client {
  readonly id: string
  /** base64url SHA-256 of `id`: what sealed values and records carry instead of it. */
  readonly hash: string
  readonly source: 'registration' | 'metadata-document' | 'configuration'
  /** What the client calls itself. Attacker text: nobody has verified it. */
  readonly name?: string
  /** The host that serves the metadata document: the one thing about a client that has been verified. */
  readonly verifiedHost?: string
  /** Every one of them has passed `parseRedirectUri`. */
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly string[]
  /** The methods this client may use at the token endpoint. */
  readonly authenticationMethods: readonly ClientAuthenticationMethod[]
  /** Whether this is its secret, in constant time; absent: it has none. */
  readonly hasSecret?: (secret: string) => boolean
  /** Where the keys of its assertions are; absent: it has none. */
  readonly keys?: KeySource
  /** Space-separated, as registered: what it gets when it asks for none. */
  readonly scope?: string
  /** Space-separated: the most that it gets; absent: whatever the person agrees to. */
  readonly scopeCeiling?: string
  /** When it registered by itself, in seconds since the epoch; 0: nobody knows, and `before:` rules block it. */
  readonly issuedAt?: number
  /** Its registration is signed by a secret that has leaked: whoever has that may have made it just now. */
  readonly underRetiredSecret?: true
}

/** RFC 7591 §2 `token_endpoint_auth_method`. */
export type ClientAuthenticationMethod = (typeof capabilities.tokenEndpointAuthMethods)[number]
