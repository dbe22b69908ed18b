import type { Store } from './store.ts'

/** Lists all keys that begin with `prefix`, page by page. Throws `StoreUnavailable`. */
export async function* keysUnder(
  store: Pick<Store, 'list'>,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let cursor: string | undefined
  do {
    const page = await store.list(prefix, signal, cursor)
    yield* page.keys
    cursor = page.next
  } while (cursor !== undefined)
}

const atOnce = 16

/** Removes all keys that begin with `prefix`, some at the same time. A repeated call continues. Throws `StoreUnavailable`. */
export async function removeUnder(
  store: Pick<Store, 'list' | 'remove'>,
  prefix: string,
  signal: AbortSignal,
): Promise<void> {
  let batch: string[] = []
  const removeBatch = async () => {
    await Promise.all(batch.map((key) => store.remove(key, signal)))
    batch = []
  }
  for await (const key of keysUnder(store, prefix, signal)) {
    batch.push(key)
    if (batch.length === atOnce) await removeBatch()
  }
  await removeBatch()
}
