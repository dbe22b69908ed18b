import { assertVersion } from './blobs/version.ts'
import { open, seal } from './envelope.ts'
import { assertKey, assertPrefix } from './keys.ts'
import { type Store, StoreUnavailable } from './store.ts'

const pageSize = 1000

/** A store in this process, for unit tests: the same contract, and never unavailable but after the signal. */
export function createMemoryStore(): Store {
  const records = new Map<string, string>()
  /** As text, so that no caller shares an object with the store, and the nonce is the version. */
  const write = (key: string, { nonce, text }: ReturnType<typeof seal>) => {
    records.set(key, text)
    return { won: true, version: nonce } as const
  }
  const lost = { won: false, ambiguous: false } as const

  return {
    async get(key, signal) {
      assertKey(key)
      assertInTime(signal)
      const text = records.get(key)
      if (text === undefined) return null
      const { nonce, value } = open(text)
      return { value, version: nonce }
    },
    async create(key, value, signal) {
      assertKey(key)
      assertInTime(signal)
      return records.has(key) ? lost : write(key, seal(value))
    },
    async replace(key, value, version, signal) {
      assertKey(key)
      assertVersion(version)
      assertInTime(signal)
      const text = records.get(key)
      return text === undefined || open(text).nonce !== version ? lost : write(key, seal(value))
    },
    async put(key, value, signal) {
      assertKey(key)
      assertInTime(signal)
      write(key, seal(value))
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
