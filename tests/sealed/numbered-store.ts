import type { Store, Stored, StoreValue } from '../../lib/store/store.ts'

export interface NumberedRecord extends Stored {
  readonly key: string
}

/**
 * Makes a store in memory that begins with the given records and numbers its versions. A refresh token contains the version of
 * its record, so the same writes give the same tokens.
 */
export function createNumberedStore(records: readonly NumberedRecord[]) {
  const held = new Map<string, Stored>(records.map(({ key, value, version }) => [key, { value, version }]))
  let writes = held.size
  const write = (key: string, value: StoreValue) => {
    const version = `version-${++writes}`
    held.set(key, { value: JSON.parse(JSON.stringify(value)), version })
    return { won: true, version } as const
  }
  const lost = { won: false, ambiguous: false } as const
  const store: Store = {
    get: async (key) => held.get(key) ?? null,
    create: async (key, value) => (held.has(key) ? lost : write(key, value)),
    replace: async (key, value, version) => (held.get(key)?.version === version ? write(key, value) : lost),
    put: async (key, value) => void write(key, value),
    remove: async (key) => void held.delete(key),
    list: async (prefix) => ({ keys: [...held.keys()].filter((key) => key.startsWith(prefix)).sort() }),
  }
  /** The records that were written since, by key. */
  const written = (): NumberedRecord[] => {
    const before = new Map(records.map(({ key, version }) => [key, version]))
    return [...held]
      .map(([key, stored]) => ({ key, ...stored }))
      .filter(({ key, version }) => before.get(key) !== version)
      .sort((a, b) => (a.key < b.key ? -1 : 1))
  }
  return { store, written }
}
