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
export async function sweepEnded(
  store: Store,
  collection: string,
  now: number,
  signal: AbortSignal,
): Promise<{ readonly removed: number; readonly finished: boolean }> {
  const endOf = (key: string) => Number(/^\d{10}(?:\.\d+)?$/.exec(key.split('/')[1] ?? '')?.[0])
  const hasEnded = (key: string) => endOf(key) + margin <= now / 1000
  const goesOn = (key: string) => endOf(key) + margin > now / 1000
  let removed = 0
  try {
    let cursor: string | undefined
    do {
      const page = await store.list(`${collection}/`, signal, cursor)
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
