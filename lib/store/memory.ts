import { decode, encode } from './encoding.ts'
import { assertKey, assertPrefix } from './keys.ts'
import { assertVersion, type Store, StoreUnavailable } from './store.ts'

const pageSize = 1000

/** A store in this process, for unit tests. It keeps the contract, and is unavailable only once the signal has fired. */
export function createMemoryStore(): Store {
  const records = new Map<string, ReturnType<typeof encode>>()
  /** Stores text, so that no caller shares an object with the store. The nonce is the version. */
  const write = (key: string, record: ReturnType<typeof encode>) => {
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
      records.delete(key)
    },
    async list(prefix, signal, cursor = '') {
      assertPrefix(prefix)
      assertInTime(signal)
      const left = [...records.keys()].filter((key) => key.startsWith(prefix) && key > cursor).sort()
      const keys = left.slice(0, pageSize)
      const last = keys.at(-1)
      return left.length > keys.length && last !== undefined ? { keys, next: last } : { keys }
    },
  }
}

function assertInTime(signal: AbortSignal): void {
  if (signal.aborted) throw new StoreUnavailable('the request ran out of time')
}
