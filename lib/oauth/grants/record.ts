import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { sha256 } from '../../base/sha256.ts'
import { capabilities } from '../capabilities.ts'

/**
 * Members of a record that the refresh token has no member of its own for; those of later releases are among them. The
 * token carries them all as they are: a refresh writes the record without reading it, and must not lose any.
 */
const carriedMembers = {
  /** base64url SHA-256 of the id of the code that made the grant; absent if the code is of a release without ids. */
  codeHash: v.optional(v.string()),
  /** When the current generation began, in milliseconds since the epoch; absent in records of older releases. */
  rotatedAtMilliseconds: v.optional(v.number()),
  /** How many rotations in a row came less than two seconds after the one before. */
  quickRotations: v.optional(v.number()),
}
export const CarriedMembers = v.looseObject(carriedMembers)
export type CarriedMembers = v.InferOutput<typeof CarriedMembers>

const members = {
  /** 0 when the code is redeemed; one more with every refresh. */
  generation: v.number(),
  createdAt: v.number(),
  /** When the current generation began. */
  rotatedAt: v.number(),
  /** When the current refresh token expires unless it is used before. */
  expiresAt: v.number(),
  /** The absolute end of the grant, whatever is refreshed. */
  endsAt: v.number(),
  /** base64url SHA-256 of the client_id. */
  clientHash: v.string(),
  clientName: v.optional(v.string()),
  /** How the client authenticated at redemption; a weaker method is refused ever after (T-10). */
  authenticationMethod: v.picklist(capabilities.tokenEndpointAuthMethods),
  /** The sealing key that signs this generation's refresh token, so that every instance signs the same string. */
  kid: v.string(),
  revokedAt: v.optional(v.number()),
  revokedReason: v.optional(v.string()),
  /** Keyed hash of the address that asked for the current generation: who reads the store learns no address. */
  rotatedFrom: v.optional(v.string()),
  ...carriedMembers,
}
const KnownMembers = v.object(members)

/**
 * One authorization that a person gave a client: the compare-and-swap cell that decides every one-time use.
 * Times are seconds since the epoch. A grant ends by a tombstone (`revokedAt`), never by a delete before its end.
 * Members of a later release stay when the record is written again; no member ever changes its unit.
 */
export const GrantRecord = v.looseObject(members)
export type GrantRecord = v.InferOutput<typeof KnownMembers>

/** Sorted by name: the same for the same record, whoever has written it. */
export function carriedMembersOf(record: GrantRecord): CarriedMembers {
  const own: readonly string[] = Object.keys(members).filter((name) => !Object.hasOwn(carriedMembers, name))
  const carried = Object.entries(record).filter(([name, value]) => !own.includes(name) && value !== undefined)
  return Object.fromEntries(carried.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * `grants/<yyyymm of its absolute end>/<sub>/<128-bit id>`. Made once, when the code is sealed, and carried unchanged
 * in code, refresh and access token: nobody computes it again from a clock or a setting.
 */
export type GrantKey = string

export function newGrantKey(sub: string, endsAt: number, id = newGrantId()): GrantKey {
  return `${grantMonth(endsAt)}/${sub}/${id}`
}

/** The part of a key that no two grants share: 128 random bits. */
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

/** Whose grant it is: the `sub` inside its key. */
export function subjectOfGrant(key: GrantKey): string {
  return key.split('/')[2] ?? ''
}

/** Prefix of all grants whose absolute end lies in the month of `endsAt` (seconds): what the sweep removes at once. */
export function grantMonth(endsAt: number): string {
  return `grants/${new Date(endsAt * 1000).toISOString().slice(0, 7).replace('-', '')}`
}

/**
 * Our own id of a person: the provider's issuer and subject, never an email address (F-07), behind a prefix that no
 * client_id has (T-18).
 */
export function subjectOf(issuer: string, sub: string): string {
  return `u_${sha256(`${issuer}\n${sub}`)}`
}
