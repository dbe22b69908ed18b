import { type KeyObject, verify as verifySignature } from 'node:crypto'
import { dayBefore, dayOf } from '../../base/days.ts'
import { defined } from '../../base/defined.ts'
import type { Store } from '../../store/store.ts'
import {
  type DayDigest,
  dayAfter,
  daysWithDigest,
  digestHour,
  digestOf,
  firstDay,
  hoursOfDay,
  readDigest,
} from './digest.ts'
import { readPublicKey } from './digest-key.ts'
import { hashOf, readEntryKey } from './entry.ts'
import { settlingTime } from './make-digests.ts'

/**
 * What is wrong with the log.
 * - `changed`: an entry is not what it was when it was written.
 * - `missing`, `added`: an hour has fewer or more entries than its digest says.
 * - `exchanged`: an hour has as many entries as its digest says, and they are others, or in another order.
 * - `no-digest`: a day has no digest, although it has been over for long.
 * - `bad-digest`: the digest is damaged, or its signature is wrong.
 * - `broken-chain`: the digest does not follow that of the day before.
 * - `not-expected`: the log has no digest that is the expected one. A writer of the store has cut it off or written it anew.
 */
export type AuditFault =
  | 'changed'
  | 'missing'
  | 'added'
  | 'exchanged'
  | 'no-digest'
  | 'bad-digest'
  | 'broken-chain'
  | 'not-expected'

export interface AuditProblem {
  readonly fault: AuditFault
  /** `yyyymmdd`. Absent with `not-expected`. */
  readonly day?: string
  /** The hour, from `00` to `23`, if it is known. */
  readonly hour?: string
  /** Key of the entry, if it is known. */
  readonly key?: string
}

export interface Verification {
  readonly days: number
  readonly entries: number
  readonly problems: readonly AuditProblem[]
  /** The newest digest. Keep it elsewhere, and give it to the next verification as `expect`. */
  readonly last?: { readonly day: string; readonly digest: string }
  /** The first day whose entries were not read: `from` of the verification that continues. Absent: all were read. */
  readonly next?: string
}

export interface VerifyOptions {
  readonly store: Pick<Store, 'get' | 'list'>
  readonly issuerHash: string
  /** Days that entries are kept. Older days have a digest and no entries. */
  readonly keptDays: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** A digest that the log printed earlier. A writer of the store could otherwise cut off the newest days and write them anew. */
  readonly expect?: string | undefined
  /** The first day to verify, as `yyyymmdd`. The default is the first day that is kept. */
  readonly from?: string | undefined
  /** Called after each day, for the progress of long work. */
  readonly onDay?: (day: string) => void
  /** Asked before the entries of each day but the first. Once it returns true, the entries from that day on are left for `next`. */
  readonly isEnough?: () => boolean
}

/** Entries that are read at once. */
const atOnce = 32

/**
 * Verifies the log: that each day's entries are those that its digest signs, and that each digest follows the one before. It reads
 * every entry. Throws `StoreUnavailable`.
 */
export async function verifyAudit(options: VerifyOptions, signal: AbortSignal): Promise<Verification> {
  const { store, issuerHash, now, expect } = options
  const digests = await daysWithDigest(store, dayOf(now()), signal)
  const key = await readPublicKey(store, issuerHash, signal)
  const firstKept = dayBefore(now(), options.keptDays)
  const from = options.from ?? firstKept
  // The run of the hour in which the day settles may be late, or may be cut off.
  const due = dayOf(now() - settlingTime - 2 * 86_400_000)
  const problems: AuditProblem[] = []
  let entries = 0
  let days = 0
  let before: DayDigest | undefined
  let next: string | undefined
  let found = expect === undefined
  const first = digests[0] ?? (await firstDay(store, signal))
  const last = digests.at(-1) ?? ''
  for (let day = first; day !== undefined && (day <= last || day <= due); day = dayAfter(day)) {
    const digest = await readDigest(store, day, signal)
    if (digest === null || digest === 'damaged') {
      problems.push({ fault: digest === null ? 'no-digest' : 'bad-digest', day })
      before = undefined
      continue
    }
    found ||= digest.digest === expect
    if (!isSigned(digest, issuerHash, key)) problems.push({ fault: 'bad-digest', day })
    const follows = before === undefined ? day !== first || digest.previous === '' : digest.previous === before.digest
    if (!follows) problems.push({ fault: 'broken-chain', day })
    before = digest
    if (day < from || day < firstKept || next !== undefined) continue
    if (days > 0 && options.isEnough?.()) {
      next = day
      continue
    }
    const checked = await checkDay(store, digest, signal)
    problems.push(...checked.problems)
    entries += checked.entries
    days += 1
    options.onDay?.(day)
  }
  if (!found) problems.push({ fault: 'not-expected' })
  const newest = before && { day: before.day, digest: before.digest }
  return { days, entries, problems, ...defined({ last: newest, next }) }
}

function isSigned(digest: DayDigest, issuerHash: string, key: KeyObject | null): boolean {
  if (!key || digest.hours.length !== hoursOfDay.length || digestOf(issuerHash, digest) !== digest.digest) return false
  return verifySignature(null, Buffer.from(digest.digest), key, Buffer.from(digest.signature, 'base64url'))
}

async function checkDay(store: VerifyOptions['store'], { day, hours }: DayDigest, signal: AbortSignal) {
  const problems: AuditProblem[] = []
  let entries = 0
  for (const [index, hour] of hoursOfDay.entries()) {
    const { digest, keys } = await digestHour(store, day, hour, signal)
    const signed = hours[index] ?? { entries: 0, hash: '' }
    if (digest.hash !== signed.hash) {
      const { entries: count } = digest
      const fault = count < signed.entries ? 'missing' : count > signed.entries ? 'added' : 'exchanged'
      problems.push({ fault, day, hour })
    }
    problems.push(...(await changedEntries(store, keys, { day, hour }, signal)))
    entries += keys.length
  }
  return { problems, entries }
}

/** Finds entries whose value is not the one that their key names. */
async function changedEntries(
  store: VerifyOptions['store'],
  keys: readonly string[],
  when: { readonly day: string; readonly hour: string },
  signal: AbortSignal,
): Promise<readonly AuditProblem[]> {
  const problems: AuditProblem[] = []
  for (let i = 0; i < keys.length; i += atOnce) {
    const batch = keys.slice(i, i + atOnce).map(async (key): Promise<AuditProblem | undefined> => {
      const stored = await store.get(key, signal)
      const intact = stored !== null && readEntryKey(key)?.hash === hashOf(stored.value)
      return intact ? undefined : { fault: 'changed', ...when, key }
    })
    problems.push(...(await Promise.all(batch)).filter((problem) => problem !== undefined))
  }
  return problems
}
