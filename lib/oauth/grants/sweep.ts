import type { Store } from '../../store/store.ts'
import { type Swept, sweep } from '../../store/sweep.ts'
import { grantMonth } from './record.ts'

/** How many past months a run looks at, so that it also finds a month that earlier runs missed. */
const monthsBack = 6

/**
 * Removes the grants of past months. All their tokens have expired. Never reads live grants. `signal` limits the time of a run,
 * and the next run continues where this one stopped. `now` is in milliseconds since the epoch.
 */
export function sweepGrants(store: Store, now: number, signal: AbortSignal): Promise<Swept> {
  const prefixes = pastMonths(now).map((month) => `${month}/`)
  return sweep(store, prefixes, signal)
}

export function pastMonths(now: number): readonly string[] {
  const date = new Date(now)
  return Array.from({ length: monthsBack }, (_, index) =>
    grantMonth(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - 1 - index, 1) / 1000),
  )
}
