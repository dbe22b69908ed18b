import * as v from 'valibot'
import type { Log } from '../../base/log.ts'
import { type Store, type Stored, StoreUnavailable, type WriteResult } from '../../store/store.ts'
import { isWeaker } from '../clients/authentication-strength.ts'
import { decideRefresh, isResting, type RotationTimes } from './decision.ts'
import { carriedMembersOf, type GrantKey, GrantRecord } from './record.ts'

/** A grant and the version under which the store holds it: together they determine the refresh token. */
export interface Grant {
  readonly record: GrantRecord
  readonly version: string
}

/** What a refresh token says of the record: a hint, as the record itself decides. */
export interface PresentedGeneration extends RotationTimes {
  /** Under which the store is expected to hold it. */
  readonly version: string
}

/** Why there is no token: `invalid_grant` on the wire, but `invalid_client` for who has to prove more. */
export interface GrantRefusal {
  readonly refused: 'used' | 'other-code' | 'reuse' | 'revoked' | 'unknown' | 'unproven'
}

/** The only writer of grants: redeem, rotate, revoke. All throw `StoreUnavailable` when the outcome is not known. */
export interface Grants {
  /** The grant as it stands, ended or not; `null`: there is none, or none any more. */
  read(key: GrantKey, signal: AbortSignal): Promise<Grant | null>
  /**
   * Spends a code by creating its grant: one round trip, exactly one winner. A second, fully valid redemption of the same
   * code ends the grant (RFC 6749 §4.1.2, T-13) and is refused once the tombstone stands. Another code for the same grant
   * is what a repeated confirmation made: it is refused, and ends nothing. `codeHash` of the record tells the two apart.
   */
  redeem(key: GrantKey, record: GrantRecord, signal: AbortSignal): Promise<Grant | GrantRefusal>
  /**
   * Replaces generation `next.generation - 1`, the `last` one, by `next`: one round trip when nobody raced. A grant that
   * rests is read instead, and answered as it stands if nothing in its record would change but times.
   */
  rotate(
    key: GrantKey,
    next: GrantRecord,
    last: PresentedGeneration,
    signal: AbortSignal,
  ): Promise<Grant | GrantRefusal>
  /**
   * Ends a grant by a tombstone. Resolves only when it stands (or there never was such a grant), and tries until `signal`
   * ends it: whoever refreshes meanwhile loses. `known`: as it was just read, which saves a read.
   */
  revoke(key: GrantKey, reason: string, signal: AbortSignal, known?: Grant): Promise<void>
}

/** How often a refresh that lost to something other than another refresh is repeated before we answer 503. */
const maxAttempts = 10

/** Milliseconds at most before a tombstone that lost is tried again. */
const longestPause = 20

export function createGrants(options: {
  store: Store
  /** Milliseconds since the epoch. */
  now: () => number
  /** Seconds. */
  grace: number
  log: Log
}): Grants {
  const { store, log } = options

  const read = (key: GrantKey, signal: AbortSignal) => readGrant(store, key, signal)

  async function revoke(key: GrantKey, reason: string, signal: AbortSignal, known?: Grant): Promise<void> {
    let grant = known ?? (await read(key, signal))
    while (!signal.aborted) {
      if (!grant || grant.record.revokedAt !== undefined) return
      const revokedAt = Math.floor(options.now() / 1000)
      const tombstone: GrantRecord = { ...grant.record, revokedAt, revokedReason: reason }
      const write = await store.replace(key, tombstone, grant.version, signal)
      if (write.won) {
        log('grant_revoked', { grant: shortGrant(key), reason })
        return
      }
      await pause(Math.random() * longestPause)
      grant = await read(key, signal)
    }
    throw new StoreUnavailable('a grant could not be revoked in time: too many writers')
  }

  /** The grant, if it rests and is exactly what the token says; everything else is for `rotate`. */
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
    async redeem(key, record, signal) {
      const write = await store.create(key, record, signal)
      if (write.won) {
        log('code_redeemed', { grant: shortGrant(key), client: record.clientHash })
        return { record, version: write.version }
      }
      refuseAmbiguous(write)
      const made = await read(key, signal)
      if (!made) throw new StoreUnavailable('a code lost to a grant that is not there')
      if (made.record.codeHash !== record.codeHash) {
        log('code_superseded', { grant: shortGrant(key), client: record.clientHash })
        return { refused: 'other-code' }
      }
      log('code_reused', { grant: shortGrant(key), client: record.clientHash })
      await revoke(key, 'code_reuse', signal, made)
      return { refused: 'used' }
    },

    async rotate(key, next, last, signal) {
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
        // Whoever proves less than the grant asks for by now may neither have its token nor end it (T-10, T-13).
        if (isWeaker(next.authenticationMethod, grant.record.authenticationMethod)) return { refused: 'unproven' }
        switch (decideRefresh(grant.record, presented, { now: options.now(), grace: options.grace })) {
          case 'rotate':
            // What somebody else has put into the record meanwhile is not in the token.
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
            // The generation that overtook us may be our own, whose answer we lost and somebody else then used.
            if (ambiguous) throw new StoreUnavailable('a refresh was overtaken after an unclear answer')
            log('refresh_reused', { grant: shortGrant(key), generation: presented, client: next.clientHash })
            await revoke(key, 'refresh_reuse', signal, grant)
            return { refused: 'reuse' }
        }
      }
      throw new StoreUnavailable('a grant could not be rotated: too many writers')
    },

    read,
    revoke,
  }
}

/**
 * Strong read; `null`: there is no such grant, twice: a store that says so once may be wrong, and would end a session, or
 * keep one from being ended. Throws `StoreUnavailable`, also for a damaged record.
 */
export async function readGrant(store: Store, key: GrantKey, signal: AbortSignal): Promise<Grant | null> {
  const stored = (await store.get(key, signal)) ?? (await store.get(key, signal))
  return stored && parse(stored)
}

/**
 * Whether the answer of a rotation goes to another address than the one that asked for it. Not punished: the clouds of
 * vendors refresh from several addresses. Told only where both are hashed under the same secret.
 */
function elsewhere(next: GrantRecord, { rotatedFrom, kid }: GrantRecord): { readonly elsewhere?: true } {
  if (next.rotatedFrom === undefined || rotatedFrom === undefined || next.kid !== kid) return {}
  return next.rotatedFrom === rotatedFrom ? {} : { elsewhere: true }
}

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

/** A loss after an unclear attempt of our own proves nothing: it must not end anybody's grant. */
function refuseAmbiguous(write: Extract<WriteResult, { won: false }>): void {
  if (write.ambiguous) throw new StoreUnavailable('the code may have been spent by an attempt whose answer was lost')
}

function parse(stored: Stored): Grant {
  const parsed = v.safeParse(GrantRecord, stored.value)
  if (!parsed.success) throw new StoreUnavailable('a grant record is damaged')
  return { record: parsed.output, version: stored.version }
}

/** The random part of a grant's key, shortened: enough to follow one in the log. */
export function shortGrant(key: GrantKey): string {
  return key.slice(key.lastIndexOf('/') + 1, key.lastIndexOf('/') + 9)
}
