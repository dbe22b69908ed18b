import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { withDeadline } from '../../base/deadline.ts'
import { defined } from '../../base/defined.ts'
import type { Log } from '../../base/log.ts'
import { type Store, type Stored, StoreUnavailable, type StoreValue } from '../../store/store.ts'
import { type GrantKey, shortGrant } from '../grants/record.ts'
import type { AskUpstream, Claimed, UpstreamTokens } from './upstream.ts'
import type { Kept, VaultSeal } from './vault-seal.ts'

/**
 * The vault keeps the provider's refresh token of each grant, sealed, under a key beside that of the grant. One caller at a time asks
 * the provider: it holds the lease in the record, which only a conditional write gives.
 */
export type Vault = ReturnType<typeof createVault>

/**
 * What became of a renewal.
 * - `kept`: the provider gave tokens, now or just before.
 * - `gone`: the provider says that the person or their permission is gone, and no fault of ours can be the reason.
 * - `absent`: the vault has nothing for this grant.
 * - `lost`: the vault has a token that can no longer be used. Only a sign-in helps, and nothing is said about the person.
 * - `failed`: the provider did not say, or its answer proves nothing.
 */
export type Renewal =
  | { readonly kind: 'kept'; readonly kept: Kept }
  | { readonly kind: 'gone' | 'absent' | 'lost' | 'failed'; readonly reason: string }

export interface VaultOptions {
  readonly store: Store
  readonly seal: VaultSeal
  readonly ask: AskUpstream
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}

/** Milliseconds. A lease that is older belongs to an instance that stopped. */
const leaseTime = 15_000
/** Milliseconds for the provider. It is less than a lease. */
const askTime = 6_000
/** Milliseconds for a write that must not be lost with the request. */
const writeTime = 6_000
/** Milliseconds between two looks at a record whose lease another caller holds. */
const pause = 60
/** Milliseconds for which a caller waits for another one. */
const patience = 4_000

interface VaultRecord {
  readonly sealed: string
  /** Goes up with each token that the provider gives. */
  readonly generation: number
  readonly lease?: { readonly id: string; readonly until: number } | undefined
  /** An attempt had no clear answer. The provider may have replaced the token. */
  readonly unclear?: true | undefined
  /** The provider refuses the token, and an unclear attempt of ours may be the reason. Only a sign-in helps. */
  readonly lost?: true | undefined
}

export const vaultPrefix = 'vault/'

/** The key of the record beside a grant: `vault/<yyyymm>/<sub>/<id>`. */
export const vaultKey = (grant: GrantKey): string => vaultPrefix + grant.slice('grants/'.length)

export function createVault({ store, seal, ask, now, log }: VaultOptions) {
  const claimedAt = (claimed: Claimed | undefined): Pick<Kept, 'claimed'> =>
    claimed
      ? {
          claimed: {
            at: Math.floor(now() / 1000),
            roleMarks: claimed.roleMarks && [...claimed.roleMarks],
            organizationId: claimed.organizationId,
          },
        }
      : {}

  /** Stores the tokens of a new sign-in. Throws `StoreUnavailable`. */
  async function keep(grant: GrantKey, subject: string, tokens: UpstreamTokens, signal: AbortSignal): Promise<void> {
    const { refreshToken, provider, issuer, source } = tokens
    if (refreshToken === undefined) return log('vault_no_token', { grant: shortGrant(grant), provider })
    const kept = { ...keptOf(tokens, now()), subject, refreshToken, ...defined({ provider, issuer, source }) }
    await store.put(vaultKey(grant), { sealed: seal.seal(kept, vaultKey(grant)), generation: 0 }, signal)
  }

  /**
   * Returns tokens that `isEnough` accepts, and asks the provider if the vault has none. Waits while another caller asks. Throws
   * `StoreUnavailable`.
   */
  async function renew(grant: GrantKey, isEnough: (kept: Kept) => boolean, signal: AbortSignal): Promise<Renewal> {
    const key = vaultKey(grant)
    const mine = randomBytes(9).toString('base64url')
    const began = performance.now()
    while (!signal.aborted) {
      const stored = await store.get(key, signal)
      const record = stored && recordOf(stored)
      if (!stored || !record) return { kind: 'absent', reason: 'the vault has no token' }
      const kept = seal.open(record.sealed, key)
      if (!kept) return unreadable(grant, record)
      if (isEnough(kept)) {
        await sealAnew(key, kept, record, stored, signal)
        return { kind: 'kept', kept }
      }
      if (record.lost) return { kind: 'lost', reason: 'the token was lost' }
      const { lease } = record
      if (lease && lease.id !== mine && lease.until > now()) {
        if (performance.now() - began > patience) return { kind: 'failed', reason: 'another request asks' }
        await delay(pause, undefined, { signal }).catch(() => undefined)
        continue
      }
      // A lease that ran out belongs to an attempt without an end. Its answer may have replaced the token.
      const unclear = record.unclear || (lease && lease.id !== mine) ? (true as const) : undefined
      const leased = defined({ ...record, lease: { id: mine, until: now() + leaseTime }, unclear })
      const write = await store.replace(key, { ...stored.value, ...leased }, stored.version, signal)
      if (write.won) return askAndWrite(grant, { kept, record: leased, version: write.version }, signal)
    }
    throw new StoreUnavailable('the vault did not answer in time')
  }

  /** A key that the operator has removed, or a record that is damaged or belongs elsewhere. */
  function unreadable(grant: GrantKey, { sealed }: VaultRecord): Renewal {
    const { kid, is } = seal.keyOf(sealed)
    const reason = is === 'unknown' ? 'no_such_key' : 'damaged'
    log('vault_unreadable', { grant: shortGrant(grant), reason, key: kid })
    return { kind: 'lost', reason: 'the vault cannot open the token' }
  }

  /** Seals a record of an earlier key by the current one. Where another caller writes meanwhile, that caller seals anew. */
  async function sealAnew(
    key: string,
    kept: Kept,
    record: VaultRecord,
    { value, version }: Stored,
    signal: AbortSignal,
  ) {
    if (record.lease || seal.keyOf(record.sealed).is === 'current') return
    await store.replace(key, { ...value, sealed: seal.seal(kept, key) }, version, signal)
  }

  interface Leased {
    readonly kept: Kept
    readonly record: VaultRecord
    readonly version: string
  }

  async function askAndWrite(grant: GrantKey, leased: Leased, signal: AbortSignal): Promise<Renewal> {
    const { kept, record } = leased
    const answer = await withDeadline(askTime, (inTime) => ask.refresh(kept, inTime), signal)
    const told = (outcome: string) => {
      const reason = 'reason' in answer ? answer.reason : undefined
      log('vault_asked', { grant: shortGrant(grant), provider: kept.provider, outcome, reason })
    }
    switch (answer.kind) {
      case 'tokens': {
        const next: Kept = { ...kept, ...keptOf(answer.tokens, now()), ...claimedAt(answer.claimed) }
        const change = { sealed: seal.seal(next, vaultKey(grant)), generation: record.generation + 1 }
        if (!(await settle(grant, leased, change))) return tokensAfterEnd(grant, next)
        told('renewed')
        return { kind: 'kept', kept: next }
      }
      case 'refused': {
        if (!record.unclear && !answer.doubtful) {
          await settle(grant, leased, {})
          told('refused')
          return { kind: 'gone', reason: answer.reason }
        }
        // N12: an attempt of ours may have used the token up.
        await settle(grant, leased, { lost: true })
        told('lost')
        log('vault_lost', { grant: shortGrant(grant), reason: answer.reason })
        return { kind: 'lost', reason: answer.reason }
      }
      case 'foreign':
        log('vault_foreign_answer', { grant: shortGrant(grant) })
        await settle(grant, leased, { lost: true })
        told('foreign')
        return { kind: 'lost', reason: 'the answer is about another person' }
      case 'elsewhere':
        await settle(grant, leased, { unclear: record.unclear })
        told('elsewhere')
        return { kind: 'lost', reason: answer.reason }
      case 'failed':
        await settle(grant, leased, { unclear: record.unclear || answer.doubtful || undefined })
        told('failed')
        return { kind: 'failed', reason: answer.reason }
    }
  }

  /** The grant ended while the provider was asked. Revokes the new token, since the end knew only the earlier one. */
  async function tokensAfterEnd(grant: GrantKey, kept: Kept): Promise<Renewal> {
    log('vault_ended_meanwhile', { grant: shortGrant(grant) })
    await withDeadline(askTime, (inTime) => ask.revoke(kept, inTime)).catch(() => undefined)
    return { kind: 'absent', reason: 'the grant has ended' }
  }

  /**
   * Writes what the provider said, and gives the lease back. Outlives the request, since the provider may have replaced the token. Where
   * another caller has written meanwhile, the newest token stays. Returns false if the record is gone.
   */
  async function settle(grant: GrantKey, { record, version }: Leased, change: Partial<VaultRecord>): Promise<boolean> {
    const key = vaultKey(grant)
    const apply = (value: StoreValue) =>
      defined({ ...value, lease: undefined, unclear: undefined, lost: undefined, ...change })
    try {
      return await withDeadline(writeTime, async (signal) => {
        let value: StoreValue = { ...record }
        let expected = version
        let missing = false
        for (;;) {
          if ((await store.replace(key, apply(value), expected, signal)).won) return true
          const stored = await store.get(key, signal)
          const found = stored && recordOf(stored)
          if (!stored && missing) return false
          if (!stored) {
            // A store may miss a record once.
            missing = true
            continue
          }
          // This write has landed, or a later caller has a token of its own.
          if (!found || found.generation > record.generation) return true
          if (found.lease?.id !== record.lease?.id && change.sealed === undefined) return true
          value = stored.value
          expected = stored.version
        }
      })
    } catch (error) {
      // The lease runs out, and the next attempt knows that this one had no end.
      log('vault_write_failed', { grant: shortGrant(grant), error: error instanceof Error ? error.name : 'unknown' })
      return true
    }
  }

  /** Revokes the token at the provider, if that is possible, and removes the record. Throws `StoreUnavailable`. */
  async function end(grant: GrantKey, signal: AbortSignal): Promise<void> {
    const key = vaultKey(grant)
    const stored = await store.get(key, signal)
    const record = stored && recordOf(stored)
    const kept = record && seal.open(record.sealed, key)
    if (kept) await withDeadline(askTime, (inTime) => ask.revoke(kept, inTime), signal).catch(() => undefined)
    await store.remove(key, signal)
  }

  return { keep, renew, end }
}

/** Seconds for which an access token is used if the provider does not say how long it is good. */
const unknownLifetime = 300

function keptOf({ accessToken, accessLifetime, refreshToken }: UpstreamTokens, now: number) {
  const seconds = Math.floor(now / 1000)
  return {
    accessToken,
    accessEndsAt: accessToken === undefined ? undefined : seconds + (accessLifetime || unknownLifetime),
    givenAt: seconds,
    ...defined({ refreshToken }),
  }
}

function recordOf({ value }: Stored): VaultRecord | null {
  const { sealed, generation, lease, unclear, lost } = value
  if (typeof sealed !== 'string' || typeof generation !== 'number') return null
  return defined({
    sealed,
    generation,
    lease: isLease(lease) ? lease : undefined,
    unclear: unclear === true ? (true as const) : undefined,
    lost: lost === true ? (true as const) : undefined,
  })
}

const isLease = (value: unknown): value is { readonly id: string; readonly until: number } =>
  typeof value === 'object' &&
  value !== null &&
  'id' in value &&
  typeof value.id === 'string' &&
  'until' in value &&
  typeof value.until === 'number'
