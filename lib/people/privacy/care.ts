import { inParallel } from '../../base/in-parallel.ts'
import type { Log } from '../../base/log.ts'
import { keysUnder } from '../../store/keys-under.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { userKey } from '../users.ts'
import { lastSeenKey, lastSeenPrefix, monthOf } from './last-seen.ts'
import type { PersonalData } from './personal-data.ts'
import type { Privacy } from './privacy.ts'

export interface CareOptions {
  readonly store: Store
  readonly personalData: PersonalData
  readonly privacy: Pick<Privacy, 'forget'>
  /** Whether the person has a grant that is live. */
  readonly isConnected: (sub: string, signal: AbortSignal) => Promise<boolean>
  /** People are forgotten so many days after their last sign-in. 0: never. */
  readonly peopleDays: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}

const atOnce = 32

/**
 * Forgets the people whose last sign-in was in a month that is over for longer than `peopleDays`, and who have nothing connected. Reads
 * the people of those months only, each once: a person who is still there moves to the month of now. `signal` limits the time of a run,
 * and the next run continues where this one stopped.
 *
 * @returns how many people are being forgotten
 */
export async function forgetUnseen(options: CareOptions, signal: AbortSignal): Promise<number> {
  const { store, privacy, isConnected, peopleDays, now } = options
  if (peopleDays === 0) return 0
  const seconds = now() / 1000
  const firstKept = monthOf(seconds - peopleDays * 86_400)
  let forgotten = 0

  async function look(key: string): Promise<void> {
    const [, month = '', sub = ''] = key.split('/')
    const lastSeenAt = (await store.get(userKey(sub), signal))?.value.lastSeenAt
    const isLater = typeof lastSeenAt === 'number' && monthOf(lastSeenAt) > month
    if (typeof lastSeenAt === 'number' && !isLater) {
      if (await isConnected(sub, signal)) await store.put(lastSeenKey(sub, seconds), {}, signal)
      else {
        await privacy.forget(sub, signal)
        forgotten += 1
      }
    }
    // The key goes last: what a kill interrupts is repeated.
    await store.remove(key, signal)
  }

  let batch: string[] = []
  for await (const key of keysUnder(store, lastSeenPrefix, signal)) {
    if ((key.split('/')[1] ?? '') >= firstKept) break
    batch.push(key)
    if (batch.length < atOnce) continue
    await inParallel(batch, atOnce, look)
    batch = []
  }
  await inParallel(batch, atOnce, look)
  return forgotten
}

/** The record that says how far the walk over all people is. */
const walkKey = 'walks/people'
/** Goes up when the walk has more to do. */
const walkVersion = 1
/** The walk begins anew after so many runs that could not read on. */
const mostFailures = 3

/**
 * Walks over all people once after each change of the setting or of the secret: seals or opens their personal data as the setting says,
 * seals it under the current secret, and enters people of earlier releases into the index by month. When there is nothing to do, it
 * costs one read. `signal` limits the time of a run, and the next run continues where this one stopped.
 */
export async function walkOverPeople(options: CareOptions, currentKid: string, signal: AbortSignal): Promise<boolean> {
  const { store, personalData, log } = options
  const mark = `${personalData.mode}.${currentKid}.${walkVersion}`
  const stored = (await store.get(walkKey, signal))?.value
  const known = stored?.mark === mark ? stored : undefined
  if (known?.done === true) return true
  let cursor = typeof known?.cursor === 'string' ? known.cursor : undefined
  let unreadable = Number(known?.unreadable ?? 0)
  const failures = Number(known?.failures ?? 0)
  try {
    do {
      const page = await store.list('users/', signal, cursor)
      const readable = await inParallel(page.keys, atOnce, (key) => tend(options, key, signal))
      unreadable += readable.filter((is) => !is).length
      cursor = page.next
      await store.put(walkKey, { mark, done: cursor === undefined, cursor, unreadable, failures: 0 }, signal)
    } while (cursor !== undefined)
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    // A run that is out of time is no failure: it has written how far it came. The time for this write is another.
    if (signal.aborted) return false
    const next = failures + 1 < mostFailures ? { cursor, failures: failures + 1 } : {}
    await store.put(walkKey, { mark, done: false, unreadable, ...next }, signal)
    return false
  }
  log('people_walked', { mode: personalData.mode, unreadable })
  return true
}

/** @returns whether the personal data opens, or is in clear */
async function tend({ store, personalData }: CareOptions, key: string, signal: AbortSignal): Promise<boolean> {
  const stored = await store.get(key, signal)
  if (stored === null) return true
  const { value, version } = stored
  const { lastSeenAt } = value
  const sub = key.slice(userKey('').length)
  if (typeof lastSeenAt === 'number') {
    const index = lastSeenKey(sub, lastSeenAt)
    await store.put(index, {}, signal)
    // The person may have been forgotten meanwhile.
    if ((await store.get(key, signal)) === null) await store.remove(index, signal)
  }
  if (personalData.isCurrent(value)) return true
  const opened = personalData.open(key, value)
  if (opened.sealed !== undefined) return false
  // A sign-in that is faster writes the record in the current form as well.
  await store.replace(key, personalData.close(key, opened, value), version, signal)
  return true
}
