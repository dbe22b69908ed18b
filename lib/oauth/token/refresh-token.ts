import * as v from 'valibot'
import { once } from '../../base/once.ts'
import { capabilities } from '../capabilities.ts'
import type { Grant } from '../grants/grants.ts'
import { CarriedMembers, carriedMembersOf } from '../grants/record.ts'
import type { Sealer, Sealing } from '../keys/sealing.ts'
import type { WireNames } from '../keys/wire-names.ts'
import { Person, personNames } from './person.ts'

/**
 * The content of a refresh token: everything that the next token needs, so that a refresh is one conditional write without
 * a read. It is encrypted. A thief who could read when the current generation began would know when the client refreshes
 * next, and until then could use a stolen token unnoticed.
 */
export const RefreshToken = v.object({
  /** Key of the grant. */
  grant: v.string(),
  generation: v.number(),
  /** The version that the record of this generation has in the store. */
  version: v.string(),
  /** base64url SHA-256 of client_id. */
  clientHash: v.string(),
  clientName: v.optional(v.string()),
  authenticationMethod: v.picklist(capabilities.tokenEndpointAuthMethods),
  /** The URL of the client's keys at the time of the sign-in, if the client publishes them (M-13). */
  jwksUri: v.optional(v.string()),
  /** Host of the redirect URI that received the code. Absent if it has none, and in tokens of older releases. */
  redirectHost: v.optional(v.string()),
  scope: v.string(),
  /** The scopes that the user left out. Absent in tokens of older releases. */
  leftOut: v.optional(v.string()),
  resource: v.string(),
  person: Person,
  /** The times of the record, in seconds since the epoch. */
  createdAt: v.number(),
  rotatedAt: v.number(),
  expiresAt: v.number(),
  endsAt: v.number(),
  /** Further members of the record. Absent in tokens of older releases. */
  carried: v.optional(CarriedMembers),
})
export type RefreshToken = v.InferOutput<typeof RefreshToken>

/** The short names in the sealed token. */
export const refreshTokenNames = {
  grant: 'g',
  generation: 'n',
  version: 'v',
  clientHash: 'c',
  clientName: 'cn',
  authenticationMethod: 'm',
  jwksUri: 'ju',
  redirectHost: 'rh',
  leftOut: 'lo',
  person: ['u', personNames],
  createdAt: 'iat',
  rotatedAt: 'rat',
  expiresAt: 'exp',
  endsAt: 'end',
  carried: 'r',
} as const satisfies WireNames & { readonly [Name in keyof RefreshToken]?: unknown }

export type RefreshSealer = Sealer<'refresh-token' | 'bound-refresh-token', RefreshToken>

/**
 * Makes the sealer of refresh tokens. It also opens the signed tokens of older releases. Tokens of a grant that is bound to a key
 * have a purpose of their own: an older release, which would ask for no proof, does not open them (N11).
 */
export function refreshSealer(sealing: Sealing): RefreshSealer {
  const options = { names: refreshTokenNames }
  const { seal, open } = sealing.deterministic('refresh-token', RefreshToken, options)
  const signed = sealing.signed('refresh', RefreshToken, options)
  const bound = once(() => sealing.deterministic('bound-refresh-token', RefreshToken, options))
  return {
    seal: (token, kid) => (token.carried?.jkt === undefined ? seal(token, kid) : bound().seal(token, kid)),
    open: (value) => open(value) ?? bound().open(value) ?? signed.open(value),
  }
}

/** The members that stay the same from generation to generation. */
export type RefreshTokenOrigin = Pick<
  RefreshToken,
  'grant' | 'redirectHost' | 'jwksUri' | 'scope' | 'leftOut' | 'resource' | 'person'
>

/**
 * Makes the refresh token of a grant's current generation. It is a pure function of the members that never change, the
 * record and its version, under the key that the record names, so that concurrent refreshes all return the same string
 * (T-21). The order of the members is part of that string. Throws `UnknownKey` on an instance that lacks the key.
 */
export function refreshTokenOf({ record, version }: Grant, origin: RefreshTokenOrigin, sealer: RefreshSealer): string {
  const { grant, jwksUri, redirectHost, scope, leftOut, resource, person } = origin
  const { generation, clientHash, clientName, authenticationMethod, createdAt, rotatedAt, expiresAt, endsAt } = record
  const ofClient = { clientHash, clientName, authenticationMethod, jwksUri, redirectHost }
  const times = { createdAt, rotatedAt, expiresAt, endsAt }
  const carried = carriedMembersOf(record)
  const content = { grant, generation, version, ...ofClient, scope, leftOut, resource, person, ...times, carried }
  return sealer.seal(content, record.kid)
}
