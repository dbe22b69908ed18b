import { type Store, StoreUnavailable } from '../store/store.ts'

/** Seconds to wait after the end: the clock of another instance may be behind. */
const margin = 300
const atOnce = 16

/**
 * Removes what has ended from a collection whose keys are `<collection>/<its end in seconds>/…`. Keys are listed in
 * order, and seconds have ten digits until the year 2286, so the sweep stops at the first key that has not ended. It reads
 * what has expired and at most one page more. Keys of another form stay, and do not stop the sweep. `signal` limits its
 * time, and the next run continues where this one stopped. `now` in milliseconds.
 */
export function sweepEnded(store: Store, collection: string, now: number, signal: AbortSignal): Promise<Sweep> {
  const endOf = (key: string) => Number(/^\d{10}(?:\.\d+)?$/.exec(key.split('/')[1] ?? '')?.[0])
  const hasEnded = (key: string) => endOf(key) + margin <= now / 1000
  const goesOn = (key: string) => endOf(key) + margin > now / 1000
  return sweepKeys(store, `${collection}/`, { hasEnded, goesOn }, signal)
}

/** The same for a collection whose keys are `<collection>/<yyyymmdd>/…`. Days before `firstKept` have ended. */
export function sweepDays(store: Store, collection: string, firstKept: string, signal: AbortSignal): Promise<Sweep> {
  const dayOf = (key: string) => /^\d{8}$/.exec(key.split('/')[1] ?? '')?.[0]
  const hasEnded = (key: string) => (dayOf(key) ?? firstKept) < firstKept
  const goesOn = (key: string) => (dayOf(key) ?? '') >= firstKept
  return sweepKeys(store, `${collection}/`, { hasEnded, goesOn }, signal)
}

/** How many records were removed, and whether all that have ended were reached. */
export interface Sweep {
  readonly removed: number
  readonly finished: boolean
}

async function sweepKeys(
  store: Store,
  prefix: string,
  { hasEnded, goesOn }: { hasEnded(key: string): boolean; goesOn(key: string): boolean },
  signal: AbortSignal,
): Promise<Sweep> {
  let removed = 0
  try {
    let cursor: string | undefined
    do {
      const page = await store.list(prefix, signal, cursor)
      const ended = page.keys.filter(hasEnded)
      for (let i = 0; i < ended.length; i += atOnce) {
        const batch = ended.slice(i, i + atOnce)
        await Promise.all(batch.map((key) => store.remove(key, signal)))
        removed += batch.length
      }
      cursor = page.keys.some(goesOn) ? undefined : page.next
    } while (cursor !== undefined)
    return { removed, finished: true }
  } catch (error) {
    if (error instanceof StoreUnavailable) return { removed, finished: false }
    throw error
  }
}
