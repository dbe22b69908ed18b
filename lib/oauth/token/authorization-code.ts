import * as v from 'valibot'
import { capabilities } from '../capabilities.ts'
import type { Sealer, Sealing } from '../keys/sealing.ts'
import type { WireNames } from '../keys/wire-names.ts'
import { Person, personNames } from './person.ts'

/**
 * The content of an authorization code. A code is encrypted, at most 1 KB long and valid for 60 seconds. Nothing is
 * stored before it is redeemed; redeeming it creates the grant, which can happen only once. The same content in the same
 * order is the same code.
 */
export const AuthorizationCode = v.object({
  /** Random. Distinguishes the codes for one grant. Absent in codes of older releases. */
  id: v.optional(v.string()),
  /** The whole key of the grant that redeeming the code creates. */
  grant: v.string(),
  /** base64url SHA-256 of client_id. */
  clientHash: v.string(),
  /** base64url SHA-256 of redirect_uri. */
  redirectUriHash: v.string(),
  /** Host and port of redirect_uri, which the operator may block. Absent if the redirect URI has none. */
  redirectHost: v.optional(v.string()),
  /** Of PKCE, with S256. */
  codeChallenge: v.string(),
  resource: v.string(),
  scope: v.string(),
  /** The scopes that the user left out on the consent page. Absent in codes of older releases. */
  leftOut: v.optional(v.string()),
  /** The client's name and verified host, for the grant and for the record of the sign-in. */
  clientName: v.optional(v.string()),
  clientHost: v.optional(v.string()),
  /** The client authentication methods that may redeem the code (T-10). */
  authenticationMethods: v.array(v.picklist(capabilities.tokenEndpointAuthMethods)),
  /** The URL of the client's keys, if the client publishes them (M-13). */
  jwksUri: v.optional(v.string()),
  /** The key that must sign the proof at redemption, as `requireKey` reads it. Absent: no proof is required. */
  boundTo: v.optional(v.string()),
  /** Whether the client uses refresh tokens (T-19). */
  usesRefreshTokens: v.boolean(),
  person: Person,
  /** Seconds since the epoch. */
  expiresAt: v.number(),
  /** The absolute end of the grant, in seconds since the epoch. */
  endsAt: v.number(),
  /** The code of the attempt. Absent in codes of older releases. */
  attempt: v.optional(v.string()),
  /** When the user approved, in seconds since the epoch. Absent in codes of older releases. */
  approvedAt: v.optional(v.number()),
})
export type AuthorizationCode = v.InferOutput<typeof AuthorizationCode>

/** The short names in the sealed code. */
export const codeNames = {
  grant: 'g',
  clientHash: 'c',
  redirectUriHash: 'r',
  redirectHost: 'rh',
  codeChallenge: 'p',
  leftOut: 'lo',
  clientName: 'cn',
  clientHost: 'ch',
  authenticationMethods: 'm',
  jwksUri: 'ju',
  boundTo: 'bk',
  usesRefreshTokens: 'rt',
  person: ['u', personNames],
  expiresAt: 'exp',
  endsAt: 'end',
  attempt: 'ac',
  approvedAt: 'ap',
} as const satisfies WireNames & { readonly [Name in keyof AuthorizationCode]?: unknown }

export type CodeSealer = Sealer<'code', AuthorizationCode>

export const codeSealer = (sealing: Sealing): CodeSealer =>
  sealing.deterministic('code', AuthorizationCode, { names: codeNames })
