import type { Log } from '../../base/log.ts'
import { type Store, StoreUnavailable, type WriteResult } from '../../store/store.ts'
import { isWeaker } from '../clients/authentication-strength.ts'
import { decideRefresh, isResting, type RotationTimes, secondsSinceRotation } from './decision.ts'
import { isFenced, readFence } from './fence.ts'
import { type Grant, readGrant } from './read-grant.ts'
import { carriedMembersOf, type GrantKey, type GrantRecord, shortGrant, subjectOfGrant } from './record.ts'

export type { Grant }

/** What a refresh token says about the record that it belongs to. It is a hint: the record itself decides. */
export interface PresentedGeneration extends RotationTimes {
  /** The version that the record is expected to have. */
  readonly version: string
  /** When the service received the token, in milliseconds since the epoch. Absent: now. */
  readonly receivedAt?: number
}

/** Why there is no token. On the wire, `unproven` is `invalid_client`, and every other reason is `invalid_grant`. */
export interface GrantRefusal {
  readonly refused: 'used' | 'other-code' | 'ended' | 'reuse' | 'revoked' | 'unknown' | 'unproven'
}

/** The only writer of grants. Every function throws `StoreUnavailable` if the outcome of a write is not known. */
export type Grants = ReturnType<typeof createGrants>

/** How often a refresh retries a write that it lost to something other than another refresh. After that it answers 503. */
const maxAttempts = 10

/** Milliseconds. The longest pause before a lost tombstone is written again. */
const longestPause = 20

/** Makes the writer of the grants in a store. */
export function createGrants(options: {
  store: Store
  /** Milliseconds since the epoch. */
  now: () => number
  /** Seconds. */
  grace: number
  log: Log
  /** Told of each grant that this ends. */
  ended?: ((key: GrantKey, signal: AbortSignal) => Promise<void>) | undefined
}) {
  const { store, log } = options

  /** Reads a grant, also one that has ended. Returns `null` if there is none. */
  const read = (key: GrantKey, signal: AbortSignal) => readGrant(store, key, signal)

  /**
   * Ends a grant by a tombstone. Resolves only after the tombstone is written, or if there is no such grant. Retries until
   * `signal` fires, since a concurrent refresh may win a write. `known` is the grant as it was just read, which saves a read.
   */
  async function revoke(key: GrantKey, reason: string, signal: AbortSignal, known?: Grant): Promise<void> {
    let grant = known ?? (await read(key, signal))
    while (!signal.aborted) {
      if (!grant || grant.record.revokedAt !== undefined) return
      const revokedAt = Math.floor(options.now() / 1000)
      const tombstone: GrantRecord = { ...grant.record, revokedAt, revokedReason: reason }
      const write = await store.replace(key, tombstone, grant.version, signal)
      if (write.won) {
        log('grant_revoked', { grant: shortGrant(key), reason })
        return options.ended?.(key, signal)
      }
      await pause(Math.random() * longestPause)
      grant = await read(key, signal)
    }
    throw new StoreUnavailable('a grant could not be revoked in time: too many writers')
  }

  /** Returns the grant if it rests and is exactly what the token says. `rotate` handles every other case. */
  async function readResting(key: GrantKey, next: GrantRecord, last: PresentedGeneration, signal: AbortSignal) {
    if (options.grace === 0 || !isResting(last, options.now())) return null
    const grant = await read(key, signal)
    if (!grant || grant.version !== last.version) return null
    const { record } = grant
    const unchanged =
      record.revokedAt === undefined &&
      record.generation === next.generation - 1 &&
      record.authenticationMethod === next.authenticationMethod &&
      record.kid === next.kid
    return unchanged ? grant : null
  }

  return {
    /**
     * Spends a code by creating its grant, in one round trip and with exactly one winner. A second, fully valid redemption of the
     * same code ends the grant (RFC 6749 §4.1.2, T-13), and is refused after the tombstone is written. Another code for the same
     * grant comes from a repeated confirmation. It is refused and ends nothing. The record's `codeHash` distinguishes the two.
     *
     * Reads the fence of the person at the same time. A sign-in that a fence ends is refused, and its grant ends at once.
     *
     * @param approvedAt when the user approved, in seconds since the epoch; `undefined` counts as before every fence
     * @param endedOtherwise whether something else than the fence ends the sign-in; being read already
     */
    async redeem(
      key: GrantKey,
      record: GrantRecord,
      signal: AbortSignal,
      approvedAt?: number,
      endedOtherwise?: Promise<boolean>,
    ): Promise<Grant | GrantRefusal> {
      // All settle before the answer, so that no write goes on after it.
      const [created, fence, ended] = await Promise.allSettled([
        store.create(key, record, signal),
        readFence(store, subjectOfGrant(key), signal),
        endedOtherwise,
      ])
      if (created.status === 'rejected') throw created.reason
      const write = created.value
      if (write.won) {
        if (fence.status === 'rejected') throw fence.reason
        if (ended.status === 'rejected') throw ended.reason
        const grant = { record, version: write.version }
        if (ended.value || isFenced(fence.value, milliseconds(approvedAt))) {
          await revoke(key, 'person_ended', signal, grant)
          return { refused: 'ended' }
        }
        log('code_redeemed', { grant: shortGrant(key), client: record.clientHash })
        return grant
      }
      refuseAmbiguous(write)
      const made = await read(key, signal)
      if (!made) throw new StoreUnavailable('a code lost to a grant that does not exist')
      if (made.record.codeHash !== record.codeHash) {
        log('code_superseded', { grant: shortGrant(key), client: record.clientHash })
        return { refused: 'other-code' }
      }
      log('code_reused', { grant: shortGrant(key), client: record.clientHash })
      await revoke(key, 'code_reuse', signal, made)
      return { refused: 'used' }
    },

    /**
     * Replaces the generation of the presented token (`last`, number `next.generation - 1`) by `next`, in one round trip unless
     * another request interferes. A grant that rests is read instead, and returned as it is if only times would change in its
     * record.
     */
    async rotate(
      key: GrantKey,
      next: GrantRecord,
      last: PresentedGeneration,
      signal: AbortSignal,
    ): Promise<Grant | GrantRefusal> {
      const presented = next.generation - 1
      const resting = await readResting(key, next, last, signal)
      if (resting) {
        log('refresh_rested', { grant: shortGrant(key), generation: presented, ...elsewhere(next, resting.record) })
        return resting
      }
      let record = next
      let expected = last.version
      let ambiguous = false
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const write = await store.replace(key, record, expected, signal)
        if (write.won) {
          log('refresh_rotated', { grant: shortGrant(key), generation: next.generation, client: next.clientHash })
          return { record, version: write.version }
        }
        ambiguous ||= write.ambiguous
        const grant = await read(key, signal)
        if (!grant) return { refused: 'unknown' }
        // A client that authenticates more weakly than this grant requires can neither refresh nor revoke it (T-10, T-13).
        if (isWeaker(next.authenticationMethod, grant.record.authenticationMethod)) return { refused: 'unproven' }
        // The time that the store takes does not count: a repetition is in time if it comes in time.
        const now = last.receivedAt ?? options.now()
        switch (decideRefresh(grant.record, presented, { now, grace: options.grace })) {
          case 'rotate':
            // The token lacks members that another writer has added to the record since.
            record = { ...carriedMembersOf(grant.record), ...next }
            expected = grant.version
            continue
          case 'repeat':
            log('refresh_repeated', {
              grant: shortGrant(key),
              generation: grant.record.generation,
              ...elsewhere(next, grant.record),
            })
            return grant
          case 'revoked':
            return { refused: 'revoked' }
          case 'reuse':
            // The newer generation may come from an attempt of this very request, whose answer was lost.
            if (ambiguous) throw new StoreUnavailable('a refresh was overtaken after an unclear answer')
            log('refresh_reused', {
              ...{ grant: shortGrant(key), generation: presented, client: next.clientHash },
              ...{ current: grant.record.generation, seconds: secondsSinceRotation(grant.record, now) },
              ...elsewhere(next, grant.record),
            })
            await revoke(key, 'refresh_reuse', signal, grant)
            return { refused: 'reuse' }
        }
      }
      throw new StoreUnavailable('a grant could not be rotated: too many writers')
    },

    /**
     * Reads the fence again and ends a grant that was just made, if the fence ends its sign-in. `redeem` may have read the fence just
     * before it was written, and created the grant just after the grants of the person were listed. This call closes that gap.
     */
    async endIfFenced(key: GrantKey, grant: Grant, signal: AbortSignal, approvedAt?: number): Promise<void> {
      const fence = await readFence(store, subjectOfGrant(key), signal)
      if (isFenced(fence, milliseconds(approvedAt))) await revoke(key, 'person_ended', signal, grant)
    },

    read,
    revoke,
  }
}

const milliseconds = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1000)

/**
 * Says for the log whether a repeated answer goes to another address than the first one. This is no error: the clouds of vendors
 * refresh from several addresses. Known only if both addresses are hashed under the same secret.
 */
function elsewhere(next: GrantRecord, { rotatedFrom, kid }: GrantRecord): { readonly elsewhere?: true } {
  if (next.rotatedFrom === undefined || rotatedFrom === undefined || next.kid !== kid) return {}
  return next.rotatedFrom === rotatedFrom ? {} : { elsewhere: true }
}

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

/** Throws after a loss that an unclear attempt of this request may have caused: such a loss must not end a grant. */
function refuseAmbiguous(write: Extract<WriteResult, { won: false }>): void {
  if (write.ambiguous) throw new StoreUnavailable('the code may have been spent by an attempt whose answer was lost')
}
