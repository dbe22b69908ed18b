import type { SettingsReader } from './reader.ts'
import type { storeRows } from './rows/store.ts'

/** Which store holds everything, and where it is. */
export interface StoreSettings {
  /** `blobs` or `postgres`; `none` for every other word. */
  readonly backend: string
  /** Absent where it is missing or wrong, and where the store is Blobs: then the setting may belong to something else. */
  readonly databaseUrl?: string | undefined
  /** The most connections of one instance. */
  readonly connections: number
}

export function readStore(settings: SettingsReader<keyof typeof storeRows>): StoreSettings {
  const backend = settings.read('STORE_BACKEND')
  const connections = settings.read('DATABASE_CONNECTIONS')
  return backend === 'blobs'
    ? { backend, connections }
    : { backend, connections, databaseUrl: settings.required('DATABASE_URL') }
}
