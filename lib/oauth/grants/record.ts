import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { sha256 } from '../../base/sha256.ts'
import { capabilities } from '../capabilities.ts'

/**
 * The members of a record that have no member of their own in the refresh token. Members of later releases belong to them. The
 * token carries all of them unchanged, since a refresh writes the record without reading it and must not lose any.
 */
const carriedMembers = {
  /** base64url SHA-256 of the id of the code that created the grant. Absent if the code came from a release without ids. */
  codeHash: v.optional(v.string()),
  /** When the current generation began, in milliseconds since the epoch. Absent in records of older releases. */
  rotatedAtMilliseconds: v.optional(v.number()),
  /** How many rotations in a row came less than two seconds after the previous one. */
  quickRotations: v.optional(v.number()),
  /** The code of the attempt that created the grant. Absent in records of older releases. */
  attempt: v.optional(v.string()),
  /** The thumbprint of the key to which the grant is bound (RFC 9449). Absent: it is not bound. Only redemption sets it (N11). */
  jkt: v.optional(v.string()),
  /** The name of the provider at which the person signed in. Absent: the default provider. */
  provider: v.optional(v.string()),
}
export const CarriedMembers = v.looseObject(carriedMembers)
export type CarriedMembers = v.InferOutput<typeof CarriedMembers>

const members = {
  /** 0 when the code is redeemed. Each refresh adds one. */
  generation: v.number(),
  createdAt: v.number(),
  /** When the current generation began. */
  rotatedAt: v.number(),
  /** When the current refresh token expires if it is not used. */
  expiresAt: v.number(),
  /** The absolute end of the grant, which no refresh extends. */
  endsAt: v.number(),
  /** base64url SHA-256 of the client_id. */
  clientHash: v.string(),
  clientName: v.optional(v.string()),
  /** How the client authenticated. A weaker method is refused from then on (T-10). */
  authenticationMethod: v.picklist(capabilities.tokenEndpointAuthMethods),
  /** The key that seals this generation's refresh token, so that every instance makes the same string. */
  kid: v.string(),
  revokedAt: v.optional(v.number()),
  revokedReason: v.optional(v.string()),
  /** Keyed hash of the address that asked for the current generation. A reader of the store learns no address. */
  rotatedFrom: v.optional(v.string()),
  ...carriedMembers,
}
const KnownMembers = v.object(members)

/**
 * The record of one authorization that a user gave a client. Conditional writes of this record decide every one-time use.
 * Times are in seconds since the epoch. A grant ends by a tombstone (`revokedAt`), and its record is never deleted before its end.
 * Members of a later release stay when the record is written again. No member ever changes its unit.
 */
export const GrantRecord = v.looseObject(members)
export type GrantRecord = v.InferOutput<typeof KnownMembers>

const ownMembers = new Set(Object.keys(members).filter((name) => !Object.hasOwn(carriedMembers, name)))

/** Returns the carried members, sorted by name: the same for the same record, whichever release wrote it. */
export function carriedMembersOf(record: GrantRecord): CarriedMembers {
  const carried = Object.entries(record).filter(([name, value]) => !ownMembers.has(name) && value !== undefined)
  return Object.fromEntries(carried.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * The key of a grant in the store: `grants/<yyyymm of its absolute end>/<sub>/<128-bit id>`. It is made once, when the code is
 * sealed. Code, refresh token and access token carry it unchanged. It is never computed again from a clock or a setting.
 */
export type GrantKey = string

/** Makes the key of a new grant. `endsAt` is in seconds since the epoch. */
export function newGrantKey(sub: string, endsAt: number, id = newGrantId()): GrantKey {
  return `${grantMonth(endsAt)}/${sub}/${id}`
}

/** Makes the unique part of a key: 128 random bits. */
export const newGrantId = (): string => randomBytes(16).toString('base64url')

type MembersOfGeneration = 'rotatedAt' | 'rotatedAtMilliseconds' | 'rotatedFrom' | 'expiresAt'

/**
 * Makes the record of a grant whose current generation begins now. `now` is in milliseconds since the epoch, `lifetime` in
 * seconds. `from` is the keyed hash of the caller's address.
 */
export function beginGeneration(
  grant: Omit<GrantRecord, MembersOfGeneration | 'revokedAt' | 'revokedReason'>,
  { now, lifetime, from }: { readonly now: number; readonly lifetime: number; readonly from: string | undefined },
): GrantRecord {
  const rotatedAt = Math.floor(now / 1000)
  return {
    ...grant,
    rotatedAt,
    rotatedAtMilliseconds: now,
    rotatedFrom: from,
    expiresAt: Math.min(rotatedAt + lifetime, grant.endsAt),
  }
}

/** Returns the `sub` of the user, which is part of the key. */
export function subjectOfGrant(key: GrantKey): string {
  return key.split('/')[2] ?? ''
}

/** Returns the prefix of all grants that end in the month of `endsAt` (seconds). The sweep removes them together. */
export function grantMonth(endsAt: number): string {
  return `grants/${new Date(endsAt * 1000).toISOString().slice(0, 7).replace('-', '')}`
}

/**
 * Makes the stable id of a user from the issuer and the subject of the OpenID Provider, never from an email address (F-07). No
 * client_id begins with its prefix (T-18).
 */
export function subjectOf(issuer: string, sub: string): string {
  return `u_${sha256(`${issuer}\n${sub}`)}`
}

/** Shortens the random part of a grant's key, for the log. */
export function shortGrant(key: GrantKey): string {
  return key.slice(key.lastIndexOf('/') + 1, key.lastIndexOf('/') + 9)
}
