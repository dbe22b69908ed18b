import * as v from 'valibot'
import type { Log } from '../../log.ts'
import { type Store, type Stored, StoreUnavailable, type WriteResult } from '../../store/store.ts'
import { isWeaker } from '../clients/authentication-strength.ts'
import { decideRefresh } from './decision.ts'
import { type GrantKey, GrantRecord } from './record.ts'

/** A grant and the version under which the store holds it: together they determine the refresh token. */
export interface Grant {
  readonly record: GrantRecord
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
   * Replaces generation `next.generation - 1` by `next`: one round trip when nobody raced. `version` is what the token
   * says the store holds: a hint; the record's generation decides.
   */
  rotate(key: GrantKey, next: GrantRecord, version: string, signal: AbortSignal): Promise<Grant | GrantRefusal>
  /**
   * Ends a grant by a tombstone. Resolves only when it stands (or there never was such a grant). `known`: as it was just
   * read, which saves a read.
   */
  revoke(key: GrantKey, reason: string, signal: AbortSignal, known?: Grant): Promise<void>
}

/** How often a write that lost to something other than its own purpose is repeated before we answer 503. */
const maxAttempts = 10

export function createGrants(options: {
  store: Store
  /** Milliseconds since the epoch. */
  now: () => number
  /** Seconds. */
  grace: number
  log: Log
}): Grants {
  const { store, log } = options
  const now = () => Math.floor(options.now() / 1000)

  const read = (key: GrantKey, signal: AbortSignal) => readGrant(store, key, signal)

  async function revoke(key: GrantKey, reason: string, signal: AbortSignal, known?: Grant): Promise<void> {
    let grant = known ?? (await read(key, signal))
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      if (!grant || grant.record.revokedAt !== undefined) return
      const tombstone: GrantRecord = { ...grant.record, revokedAt: now(), revokedReason: reason }
      const write = await store.replace(key, tombstone, grant.version, signal)
      if (write.won) {
        log('grant_revoked', { grant: shortGrant(key), reason })
        return
      }
      grant = await read(key, signal)
    }
    throw new StoreUnavailable('a grant could not be revoked: too many writers')
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
      if (!made) return { refused: 'used' }
      if (made.record.codeHash !== record.codeHash) {
        log('code_superseded', { grant: shortGrant(key), client: record.clientHash })
        return { refused: 'other-code' }
      }
      log('code_reused', { grant: shortGrant(key), client: record.clientHash })
      await revoke(key, 'code_reuse', signal, made)
      return { refused: 'used' }
    },

    async rotate(key, next, version, signal) {
      const presented = next.generation - 1
      let expected = version
      let ambiguous = false
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const write = await store.replace(key, next, expected, signal)
        if (write.won) {
          log('refresh_rotated', { grant: shortGrant(key), generation: next.generation, client: next.clientHash })
          return { record: next, version: write.version }
        }
        ambiguous ||= write.ambiguous
        const grant = await read(key, signal)
        if (!grant) return { refused: 'unknown' }
        // Whoever proves less than the grant asks for by now may neither have its token nor end it (T-10, T-13).
        if (isWeaker(next.authenticationMethod, grant.record.authenticationMethod)) return { refused: 'unproven' }
        switch (decideRefresh(grant.record, presented, { now: now(), grace: options.grace })) {
          case 'rotate':
            expected = grant.version
            continue
          case 'repeat':
            log('refresh_repeated', { grant: shortGrant(key), generation: grant.record.generation })
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

/** Strong read; `null`: there is no such grant. Throws `StoreUnavailable`, also for a damaged record. */
export async function readGrant(store: Store, key: GrantKey, signal: AbortSignal): Promise<Grant | null> {
  const stored = await store.get(key, signal)
  return stored && parse(stored)
}

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
