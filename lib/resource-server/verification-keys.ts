import type { KeyObject } from 'node:crypto'
import type { JSONWebKeySet, JWK } from 'jose'
import { withDeadline } from '../base/deadline.ts'
import { createSingleFlight } from '../base/single-flight.ts'
import { StoreUnavailable } from '../store/store.ts'
import type { Algorithm } from './algorithms.ts'

/**
 * Reads the authorization server's public keys, which the provider of this function caches. `stale` takes a cached set of
 * any age, and `fresh` reads past the cache. Throws `StoreUnavailable` when the keys cannot be read.
 */
export type PublicKeys = (
  signal: AbortSignal,
  options?: { readonly fresh?: boolean; readonly stale?: boolean },
) => Promise<JSONWebKeySet>

export interface VerificationKeysOptions {
  readonly publicKeys: PublicKeys
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Called when a key in use is no longer published: remembered tokens that it signed are no longer good. */
  readonly onWithdrawn: () => void
  /** Makes the error for keys that cannot be known now. Absent: `StoreUnavailable`. */
  readonly unavailable?: (reason: string) => Error
}

/** Milliseconds between two reads of the store for unknown `kid`s: junk must not cause reads. */
const freshReadCooldown = 30_000
/** Milliseconds for a read that concurrent requests share, so no single request's signal may end it. */
const freshReadTimeout = 8_000

export function createVerificationKeys({ publicKeys, now, onWithdrawn, unavailable }: VerificationKeysOptions) {
  const imported = new Map<string, { readonly jwk: JWK; readonly key: KeyObject; readonly algorithm: Algorithm }>()
  let current: JSONWebKeySet | undefined
  const reading = createSingleFlight<JSONWebKeySet>()
  let attemptedAt = Number.NEGATIVE_INFINITY
  let readAt = Number.NEGATIVE_INFINITY

  async function readFresh(): Promise<JSONWebKeySet> {
    try {
      const set = await withDeadline(freshReadTimeout, (signal) => publicKeys(signal, { fresh: true }))
      readAt = now()
      return set
    } finally {
      attemptedAt = now()
    }
  }

  /** Forgets keys that are no longer published. The set is the same object until the next read. */
  function forgetWithdrawn(set: JSONWebKeySet): void {
    if (set === current) return
    current = set
    for (const [kid, { jwk, algorithm }] of imported) {
      const now = published(set, kid, algorithm)
      if (now !== undefined && material.every((member) => now[member] === jwk[member])) continue
      imported.delete(kid)
      onWithdrawn()
    }
  }

  function findIn(set: JSONWebKeySet, kid: string, algorithm: Algorithm): KeyObject | null {
    forgetWithdrawn(set)
    const known = imported.get(kid)
    if (known?.algorithm === algorithm) return known.key
    const jwk = published(set, kid, algorithm)
    if (jwk === undefined) return null
    const key = algorithm.importKey(jwk)
    imported.set(kid, { jwk, key, algorithm })
    return key
  }

  return {
    /** Compares with the keys that are published now, from memory, and calls `onWithdrawn`. Never throws. */
    async notice(signal: AbortSignal): Promise<void> {
      const set = await publicKeys(signal, { stale: true }).catch(() => null)
      if (set !== null) forgetWithdrawn(set)
    },

    /**
     * Finds the key named `kid` for the algorithm; `null` if there is none. `issuedAt` returns the time in seconds at which the token claims
     * to be issued, unverified: it decides whether the last read rules the key out. Throws `StoreUnavailable` when that cannot
     * be known now.
     */
    async find(
      kid: string,
      algorithm: Algorithm,
      issuedAt: () => number,
      signal: AbortSignal,
    ): Promise<KeyObject | null> {
      // A stale set is good enough: a missing key is looked for below, and an outage of the store locks no user out.
      const key = findIn(await publicKeys(signal, { stale: true }), kid, algorithm)
      if (key !== null) return key
      if (!reading.isRunning('keys') && now() - attemptedAt < freshReadCooldown) {
        // Our last read has every key that had signed before it. A younger token may be good, and "invalid" would make the
        // client discard it.
        if (issuedAt() * 1000 <= readAt) return null
        const reason = 'unknown key, and the keys were read a moment ago'
        throw unavailable?.(reason) ?? new StoreUnavailable(reason)
      }
      return findIn(await reading.run('keys', readFresh), kid, algorithm)
    },
  }
}

/** The members of a public key that make it what it is. */
const material = ['kty', 'n', 'e', 'crv', 'x', 'y'] as const

function published(set: JSONWebKeySet, kid: string, { names, fits }: Algorithm): JWK | undefined {
  return set.keys.find(
    (jwk) =>
      jwk.kid === kid &&
      fits(jwk) &&
      (jwk.use === undefined || jwk.use === 'sig') &&
      (jwk.alg === undefined || names.includes(jwk.alg)),
  )
}
