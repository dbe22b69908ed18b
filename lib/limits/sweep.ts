import type { Store } from '../store/store.ts'
import { type Swept, sweep } from '../store/sweep.ts'

/** Seconds to wait after the end: the clock of another instance may be behind. */
const margin = 300

/**
 * Removes what has ended from a collection whose keys are `<collection>/<its end in seconds>/…`. Keys are listed in
 * order, and seconds have ten digits until the year 2286, so the sweep stops at the first key that has not ended. It reads
 * what has expired and at most one page more. Keys of another form stay, and do not stop the sweep. `signal` limits its
 * time, and the next run continues where this one stopped. `now` in milliseconds.
 */
export function sweepEnded(store: Store, collection: string, now: number, signal: AbortSignal): Promise<Swept> {
  const endOf = (key: string) => Number(/^\d{10}(?:\.\d+)?$/.exec(key.split('/')[1] ?? '')?.[0])
  const hasEnded = (key: string) => endOf(key) + margin <= now / 1000
  const goesOn = (key: string) => endOf(key) + margin > now / 1000
  return sweep(store, [`${collection}/`], signal, hasEnded, goesOn)
}

/** The same for a collection whose keys are `<collection>/<yyyymmdd>/…`. Days before `firstKept` have ended. */
export function sweepDays(store: Store, collection: string, firstKept: string, signal: AbortSignal): Promise<Swept> {
  const dayOf = (key: string) => /^\d{8}$/.exec(key.split('/')[1] ?? '')?.[0]
  const hasEnded = (key: string) => (dayOf(key) ?? firstKept) < firstKept
  const goesOn = (key: string) => (dayOf(key) ?? '') >= firstKept
  return sweep(store, [`${collection}/`], signal, hasEnded, goesOn)
}
