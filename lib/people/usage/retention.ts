import { inParallel } from '../../base/in-parallel.ts'
import type { Store } from '../../store/store.ts'
import { dayCompaniesKey, dayKey, dayPeopleKey } from './shards.ts'
import { type Day, dayAfter } from './time.ts'

/** For how many days the records about a day are kept. */
export interface Retention {
  /** What each person did on each day. */
  readonly peopleDays: number
  /** The totals of each day, and those of each company. */
  readonly days: number
}

const atOnce = 16

/**
 * Removes the records of days that have been kept long enough. Never removes the records of the latest day, because they tell the
 * rollup where to continue.
 */
export async function removeOldDays(
  store: Store,
  retention: Retention,
  today: Day,
  signal: AbortSignal,
): Promise<void> {
  await removeBefore(store, dayPeopleKey('', '').replace('//', '/'), dayAfter(today, -retention.peopleDays), signal)
  const first = dayAfter(today, -retention.days)
  await removeBefore(store, dayCompaniesKey('', '').replace('//', '/'), first, signal)
  await removeBefore(store, dayKey(''), first, signal)
}

/**
 * Removes the keys of a collection whose day is earlier than `first`. Keys are listed in order, so the search stops at that day.
 */
async function removeBefore(store: Store, collection: string, first: Day, signal: AbortSignal): Promise<void> {
  let cursor: string | undefined
  do {
    const page = await store.list(collection, signal, cursor)
    const old = page.keys.filter((key) => key.slice(collection.length, collection.length + first.length) < first)
    await inParallel(old, atOnce, (key) => store.remove(key, signal))
    cursor = old.length === page.keys.length ? page.next : undefined
  } while (cursor !== undefined)
}
