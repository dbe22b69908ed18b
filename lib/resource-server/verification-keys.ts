import { createPublicKey, type KeyObject } from 'node:crypto'
import type { JSONWebKeySet, JWK } from 'jose'
import { withDeadline } from '../base/deadline.ts'
import { createSingleFlight } from '../base/single-flight.ts'
import { StoreUnavailable } from '../store/store.ts'

/**
 * The authorization server's public keys. Cached by whoever provides them: `stale` takes what is there, however old, and
 * `fresh` asks past that cache. Throws `StoreUnavailable` when they cannot be read.
 */
export type PublicKeys = (
  signal: AbortSignal,
  options?: { readonly fresh?: boolean; readonly stale?: boolean },
) => Promise<JSONWebKeySet>

export interface VerificationKeys {
  /**
   * The RS256 key named `kid`, or null when there is none.
   * `issuedAt` (seconds, as the token claims it, not verified yet) says whether what we read last can rule the key out; it
   * is asked for only then.
   * Throws `StoreUnavailable` when that cannot be known now.
   */
  find(kid: string, issuedAt: () => number, signal: AbortSignal): Promise<KeyObject | null>
  /** Looks at what is published now, from memory, so that `onWithdrawn` is told in time. Never throws. */
  notice(signal: AbortSignal): Promise<void>
}

export interface VerificationKeysOptions {
  readonly publicKeys: PublicKeys
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Called when a key that was in use is no longer published: what it signed is not to be trusted from memory. */
  readonly onWithdrawn: () => void
}

/** An unknown `kid` costs one read of the store, at most every so many milliseconds: junk must not buy reads. */
const freshReadCooldown = 30_000
/** Bits (RFC 7518 §3.3). */
const shortestKey = 2048

/** Milliseconds for a read that several requests wait for, and which therefore no single request's signal may end. */
const freshReadTimeout = 8_000

export function createVerificationKeys({ publicKeys, now, onWithdrawn }: VerificationKeysOptions): VerificationKeys {
  const imported = new Map<string, { readonly jwk: JWK; readonly key: KeyObject }>()
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

  /** A set that has been looked through once is the same object until the next read. */
  function forgetWithdrawn(set: JSONWebKeySet): void {
    if (set === current) return
    current = set
    for (const [kid, { jwk }] of imported) {
      const now = published(set, kid)
      if (now !== undefined && now.n === jwk.n && now.e === jwk.e) continue
      imported.delete(kid)
      onWithdrawn()
    }
  }

  function findIn(set: JSONWebKeySet, kid: string): KeyObject | null {
    forgetWithdrawn(set)
    const known = imported.get(kid)
    if (known !== undefined) return known.key
    const jwk = published(set, kid)
    if (jwk === undefined) return null
    const key = createPublicKey({ key: { kty: 'RSA', n: jwk.n ?? '', e: jwk.e ?? '' }, format: 'jwk' })
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < shortestKey) throw new TypeError(`key ${kid} is too short`)
    imported.set(kid, { jwk, key })
    return key
  }

  return {
    async notice(signal) {
      const set = await publicKeys(signal, { stale: true }).catch(() => null)
      if (set !== null) forgetWithdrawn(set)
    },

    async find(kid, issuedAt, signal) {
      // Old ones will do: a key that is missing from them is looked for below, and an outage of the store stops nobody.
      const key = findIn(await publicKeys(signal, { stale: true }), kid)
      if (key !== null) return key
      if (!reading.isRunning('keys') && now() - attemptedAt < freshReadCooldown) {
        // A key that had signed before our last read would have been in it; about a younger one we cannot know, and
        // "invalid" would make the client throw a good token away.
        if (issuedAt() * 1000 <= readAt) return null
        throw new StoreUnavailable('unknown key, and the keys were read a moment ago')
      }
      return findIn(await reading.run('keys', readFresh), kid)
    },
  }
}

function published(set: JSONWebKeySet, kid: string): JWK | undefined {
  return set.keys.find(
    (jwk) =>
      jwk.kid === kid &&
      jwk.kty === 'RSA' &&
      (jwk.use === undefined || jwk.use === 'sig') &&
      (jwk.alg === undefined || jwk.alg === 'RS256'),
  )
}
