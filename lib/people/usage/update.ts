import { type Store, StoreUnavailable, type StoreValue } from '../../store/store.ts'

/**
 * Reads a record, changes it and writes it. Repeats this until no other writer has changed the record in between. `change`
 * returns the new value, or `null` to leave the record as it is. It gets `null` if there is no record. Throws `StoreUnavailable`.
 */
export async function update(
  store: Store,
  key: string,
  change: (value: StoreValue | null) => StoreValue | null | Promise<StoreValue | null>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    if (signal.aborted) throw new StoreUnavailable('there was no time left to change a record')
    const stored = await store.get(key, signal)
    const value = await change(stored?.value ?? null)
    if (value === null) return
    const written = stored
      ? await store.replace(key, value, stored.version, signal)
      : await store.create(key, value, signal)
    if (written.won) return
  }
}

/** Reads the record of a key that must exist. */
export async function getExisting(store: Pick<Store, 'get'>, key: string, signal: AbortSignal): Promise<StoreValue> {
  const stored = await store.get(key, signal)
  if (!stored) throw new StoreUnavailable('a record of usage is missing')
  return stored.value
}

/** Every key that begins with a prefix. */
export async function listAll(store: Pick<Store, 'list'>, prefix: string, signal: AbortSignal): Promise<string[]> {
  const keys: string[] = []
  let cursor: string | undefined
  do {
    const page = await store.list(prefix, signal, cursor)
    keys.push(...page.keys)
    cursor = page.next
  } while (cursor !== undefined)
  return keys
}
