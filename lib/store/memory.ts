import { decode, encode } from './encoding.ts'
import { assertKey, assertPrefix } from './keys.ts'
import { SortedKeys } from './sorted-keys.ts'
import { assertVersion, type Store, StoreUnavailable } from './store.ts'

const pageSize = 1000

/** A store in this process, for unit tests. It keeps the contract, and is unavailable only once the signal has fired. */
export function createMemoryStore(): Store {
  const records = new Map<string, ReturnType<typeof encode>>()
  const keys = new SortedKeys()
  /** Stores text, so that no caller shares an object with the store. The nonce is the version. */
  const write = (key: string, record: ReturnType<typeof encode>) => {
    if (!records.has(key)) keys.add(key)
    records.set(key, record)
    return { won: true, version: record.nonce } as const
  }
  const lost = { won: false, ambiguous: false } as const

  return {
    async get(key, signal) {
      assertKey(key)
      assertInTime(signal)
      const record = records.get(key)
      return record ? { value: decode(record.text).value, version: record.nonce } : null
    },
    async create(key, value, signal) {
      assertKey(key)
      assertInTime(signal)
      return records.has(key) ? lost : write(key, encode(value))
    },
    async replace(key, value, version, signal) {
      assertKey(key)
      assertVersion(version)
      assertInTime(signal)
      return records.get(key)?.nonce === version ? write(key, encode(value)) : lost
    },
    async put(key, value, signal) {
      assertKey(key)
      assertInTime(signal)
      write(key, encode(value))
    },
    async remove(key, signal) {
      assertKey(key)
      assertInTime(signal)
      if (records.delete(key)) keys.remove(key)
    },
    async list(prefix, signal, cursor = '') {
      assertPrefix(prefix)
      assertInTime(signal)
      // Every character of a key sorts after U+0000 and before `~`.
      const found = keys.between(cursor < prefix ? prefix : `${cursor}\0`, `${prefix}~`, pageSize + 1)
      const page = found.slice(0, pageSize)
      const last = page.at(-1)
      return found.length > pageSize && last !== undefined ? { keys: page, next: last } : { keys: page }
    },
  }
}

function assertInTime(signal: AbortSignal): void {
  if (signal.aborted) throw new StoreUnavailable('the request ran out of time')
}
