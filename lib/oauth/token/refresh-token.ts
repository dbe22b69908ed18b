import * as v from 'valibot'
import { capabilities } from '../capabilities.ts'
import type { Grant } from '../grants/grants.ts'
import { CarriedMembers, carriedMembersOf } from '../grants/record.ts'
import type { Sealer, Sealing } from '../keys/sealing.ts'
import { Person } from './claims.ts'

/**
 * What a refresh token says: everything that the next one needs, so that rotation is one conditional write without a
 * read. Encrypted: when a generation began, with the life of an access token, tells when its owner will refresh next, and
 * so when a thief may use a stolen token unseen.
 */
export const RefreshToken = v.object({
  /** Key of the grant. */
  g: v.string(),
  /** Its generation, and the version under which the store is expected to hold it. */
  n: v.number(),
  v: v.string(),
  /** base64url SHA-256 of client_id; the client's name; how it authenticated. */
  c: v.string(),
  cn: v.exactOptional(v.string()),
  m: v.picklist(capabilities.tokenEndpointAuthMethods),
  /** The address of the client's keys when the person signed in, if it publishes them (M-13). */
  ju: v.exactOptional(v.string()),
  /** Host of the redirect URI that the code went to, as in the code; absent in tokens of older releases, too. */
  rh: v.exactOptional(v.string()),
  scope: v.string(),
  /** Scopes that the person has left out; absent in tokens of older releases. */
  lo: v.exactOptional(v.string()),
  resource: v.string(),
  u: Person,
  /** From the record: createdAt, rotatedAt, expiry unless refreshed, absolute end. Seconds since the epoch. */
  iat: v.number(),
  rat: v.number(),
  exp: v.number(),
  end: v.number(),
  /** Of the record, as they are; absent in tokens of older releases. */
  r: v.exactOptional(CarriedMembers),
})
export type RefreshToken = v.InferOutput<typeof RefreshToken>

export type RefreshSealer = Sealer<'refresh-token', RefreshToken>

/** Seals so that every racer makes the same string; opens the signed tokens of older releases as well. */
export function refreshSealer(sealing: Sealing): RefreshSealer {
  const { seal, open } = sealing.deterministic('refresh-token', RefreshToken)
  const signed = sealing.signed('refresh', RefreshToken)
  return { seal, open: (value) => open(value) ?? signed.open(value) }
}

/** What a refresh token keeps from generation to generation. */
export type RefreshTokenOrigin = Pick<RefreshToken, 'g' | 'rh' | 'ju' | 'scope' | 'lo' | 'resource' | 'u'>

/**
 * The refresh token of a grant's current generation: a pure function of what never changes, the record and its
 * version, under the key that the record names. Every racer therefore hands out the same string (T-21).
 * Throws `UnknownKey` on an instance that does not have that key.
 */
export function refreshTokenOf({ record, version }: Grant, origin: RefreshTokenOrigin, sealer: RefreshSealer): string {
  return sealer.seal(
    {
      g: origin.g,
      n: record.generation,
      v: version,
      c: record.clientHash,
      ...(record.clientName === undefined ? {} : { cn: record.clientName }),
      m: record.authenticationMethod,
      ...(origin.ju === undefined ? {} : { ju: origin.ju }),
      ...(origin.rh === undefined ? {} : { rh: origin.rh }),
      scope: origin.scope,
      ...(origin.lo === undefined ? {} : { lo: origin.lo }),
      resource: origin.resource,
      u: origin.u,
      iat: record.createdAt,
      rat: record.rotatedAt,
      exp: record.expiresAt,
      end: record.endsAt,
      r: carriedMembersOf(record),
    },
    record.kid,
  )
}
