import { sign } from 'node:crypto'
import * as v from 'valibot'
import { dayOf } from '../../base/days.ts'
import type { Log } from '../../base/log.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import {
  type DayDigest,
  dayAfter,
  daysWithDigest,
  digestHour,
  digestKeyOf,
  digestOf,
  firstDay,
  hoursOfDay,
  progressCollection,
  readDigest,
} from './digest.ts'
import { type DigestKeyOptions, loadDigestKey } from './digest-key.ts'

/**
 * Milliseconds after its end that a day is digested. No entry of the day is under way then: an entry has the time at which writing
 * it began, and is written within eight seconds. The rest is for clocks that differ.
 */
export const settlingTime = 600_000

export interface DigestMakerOptions extends DigestKeyOptions {
  readonly store: Store
  readonly log: Log
}

const Progress = v.object({ hours: v.array(v.object({ entries: v.number(), hash: v.string() })) })
/** Hours that are listed at once. */
const atOnce = 4

/**
 * Makes the digest of each day that is over and has none, in order, and prints it to the log as `audit_digest`. However many runs
 * there are at once, `create` decides which digest stands. A run that is cut off continues where it stopped: it keeps the hours
 * that are done. A day without entries has a digest, too, so that a missing day is seen.
 *
 * @returns whether every day that is over has its digest
 */
export async function makeDigests(options: DigestMakerOptions, signal: AbortSignal): Promise<boolean> {
  const { store, now } = options
  const over = dayOf(now() - settlingTime - 86_400_000)
  try {
    const days = await daysWithDigest(store, over, signal)
    const last = days.at(-1)
    let day = last === undefined ? await firstDay(store, signal) : dayAfter(last)
    let previous = last === undefined ? '' : await digestOfDay(store, last, signal)
    while (day !== undefined && day <= over) {
      previous = await makeDigest(options, day, previous, signal)
      day = dayAfter(day)
    }
    return true
  } catch (error) {
    if (error instanceof StoreUnavailable) return false
    throw error
  }
}

async function makeDigest(options: DigestMakerOptions, day: string, previous: string, signal: AbortSignal) {
  const { store, issuerHash, log } = options
  const hours = await hoursOf(store, day, signal)
  const digest = digestOf(issuerHash, { day, previous, hours })
  const key = await loadDigestKey(options, signal)
  const signature = sign(null, Buffer.from(digest), key).toString('base64url')
  const made: DayDigest = { day, previous, hours: [...hours], digest, signature }
  await store.create(digestKeyOf(day), made, signal)
  // Another run may have been first, with the same entries or before one that came late.
  const stands = await digestOfDay(store, day, signal)
  const entries = hours.reduce((sum, hour) => sum + hour.entries, 0)
  if (stands === digest) log('audit_digest', { day, entries, digest, previous })
  await store.remove(`${progressCollection}/${day}`, signal)
  return stands
}

/** Digests the hours of a day, a few at a time, and keeps those that are done. */
async function hoursOf(store: Store, day: string, signal: AbortSignal) {
  const kept = v.safeParse(Progress, (await store.get(`${progressCollection}/${day}`, signal))?.value)
  const hours = kept.success ? kept.output.hours : []
  while (hours.length < hoursOfDay.length) {
    const next = hoursOfDay.slice(hours.length, hours.length + atOnce)
    hours.push(...(await Promise.all(next.map(async (hour) => (await digestHour(store, day, hour, signal)).digest))))
    await store.put(`${progressCollection}/${day}`, { hours }, signal)
  }
  return hours
}

async function digestOfDay(store: Store, day: string, signal: AbortSignal): Promise<string> {
  const found = await readDigest(store, day, signal)
  // The chain goes on from what stands. `verify` finds the damage.
  return found === null || found === 'damaged' ? '' : found.digest
}
