import type { capabilities } from '../capabilities.ts'
import type { KeySource } from './client-keys.ts'
import type { ClientRequirement } from './client-metadata.ts'

/** A resolved client. Its registration, document or configuration has just been validated by the current rules. */
export interface Client {
  readonly id: string
  /** base64url SHA-256 of `id`. Sealed values and records carry the hash instead of the id. */
  readonly hash: string
  readonly source: 'registration' | 'metadata-document' | 'configuration'
  /** What the client calls itself. Unverified: an attacker may have written it. */
  readonly name?: string | undefined
  /** The host that serves the metadata document. Nothing else about a client is verified. */
  readonly verifiedHost?: string
  /** All of them have passed `parseRedirectUri`. */
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly string[]
  /** The methods that this client may use at the token endpoint. */
  readonly authenticationMethods: readonly ClientAuthenticationMethod[]
  /** Compares a secret with the client's own, in constant time. Absent if the client has none. */
  readonly hasSecret?: (secret: string) => boolean
  /** Where the keys are that verify its assertions. Absent if the client has none. */
  readonly keys?: KeySource
  /** Its registered scopes, separated by spaces. The client gets these if it asks for none. */
  readonly scope?: string | undefined
  /** The most scopes that it can get, separated by spaces. If absent, the user alone decides. */
  readonly scopeCeiling?: string | undefined
  /** What it registered that its requests must have. Absent: nothing. */
  readonly requires?: readonly ClientRequirement[] | undefined
  /** When it registered itself, in seconds since the epoch. 0 if that is unknown, so that every `before:` rule blocks it. */
  readonly issuedAt?: number
  /** Its registration is signed with a leaked secret, so an attacker may have made it just now. */
  readonly underRetiredSecret?: true | undefined
}

/** RFC 7591 §2 `token_endpoint_auth_method`. */
export type ClientAuthenticationMethod = (typeof capabilities.tokenEndpointAuthMethods)[number]
