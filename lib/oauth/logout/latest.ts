import { type Store, StoreUnavailable } from '../../store/store.ts'

/** Writes a time (milliseconds since the epoch) under a key, and never moves it back. Throws `StoreUnavailable`. */
export async function writeLatest(store: Store, key: string, at: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if ((await store.create(key, { at }, signal)).won) return
    const stored = await store.get(key, signal)
    if (stored === null) continue
    const known = stored.value.at
    if (typeof known === 'number' && known >= at) return
    if ((await store.replace(key, { ...stored.value, at }, stored.version, signal)).won) return
  }
  throw new StoreUnavailable('a time could not be written: too many writers')
}

/** Reads the times under some keys. Throws `StoreUnavailable`. */
export async function readTimes(
  store: Store,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<readonly number[]> {
  const times = await Promise.all(keys.map(async (key) => (await store.get(key, signal))?.value.at))
  return times.filter((at) => typeof at === 'number')
}
