import { type Store, StoreUnavailable } from './store.ts'

/** How many records were removed, and whether all expired ones were reached. */
export interface Swept {
  readonly removed: number
  readonly finished: boolean
}

const atOnce = 16

/** Lists the keys that start with `prefix`, page by page. */
export async function* pagesOf(store: Store, prefix: string, signal: AbortSignal): AsyncGenerator<readonly string[]> {
  let cursor: string | undefined
  do {
    const page = await store.list(prefix, signal, cursor)
    yield page.keys
    cursor = page.next
  } while (cursor !== undefined)
}

/**
 * Removes the records below some prefixes. `signal` limits its time, and the next run continues where this one stopped.
 *
 * @param hasEnded which records to remove; if absent, all
 * @param goesOn ends the listing of a prefix after a page with such a key; if absent, every page is read
 */
export async function sweep(
  store: Store,
  prefixes: readonly string[],
  signal: AbortSignal,
  hasEnded: (key: string) => boolean = () => true,
  goesOn: (key: string) => boolean = () => false,
): Promise<Swept> {
  let removed = 0
  try {
    for (const prefix of prefixes) {
      for await (const keys of pagesOf(store, prefix, signal)) {
        const ended = keys.filter(hasEnded)
        for (let i = 0; i < ended.length; i += atOnce) {
          const batch = ended.slice(i, i + atOnce)
          await Promise.all(batch.map((key) => store.remove(key, signal)))
          removed += batch.length
        }
        if (keys.some(goesOn)) break
      }
    }
    return { removed, finished: true }
  } catch (error) {
    if (error instanceof StoreUnavailable) return { removed, finished: false }
    throw error
  }
}
