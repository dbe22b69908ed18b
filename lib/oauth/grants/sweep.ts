import { type Store, StoreUnavailable } from '../../store/store.ts'
import { grantMonth } from './record.ts'

/** How many past months a run looks at, so that it also finds a month that earlier runs missed. */
const monthsBack = 6
const atOnce = 16

/**
 * Removes the grants of past months. All their tokens have expired. Never reads live grants. `signal` limits the time of a run,
 * and the next run continues where this one stopped. `now` is in milliseconds since the epoch.
 */
export async function sweepGrants(
  store: Store,
  now: number,
  signal: AbortSignal,
): Promise<{ readonly removed: number; readonly finished: boolean }> {
  let removed = 0
  try {
    for (const month of pastMonths(now)) {
      let cursor: string | undefined
      do {
        const page = await store.list(`${month}/`, signal, cursor)
        for (let i = 0; i < page.keys.length; i += atOnce) {
          const batch = page.keys.slice(i, i + atOnce)
          await Promise.all(batch.map((key) => store.remove(key, signal)))
          removed += batch.length
        }
        cursor = page.next
      } while (cursor !== undefined)
    }
    return { removed, finished: true }
  } catch (error) {
    if (error instanceof StoreUnavailable) return { removed, finished: false }
    throw error
  }
}

function pastMonths(now: number): readonly string[] {
  const date = new Date(now)
  return Array.from({ length: monthsBack }, (_, index) =>
    grantMonth(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - 1 - index, 1) / 1000),
  )
}
