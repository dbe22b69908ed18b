import { entriesOf } from './forms.ts'
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
  /** The store from which records are moving. `none`: a wrong word. */
  readonly movingFrom?: string | undefined
  /** The tokens of the operator who copies. Empty: nothing can be copied. */
  readonly copyTokens: readonly string[]
}

export function readStore(settings: SettingsReader<keyof typeof storeRows>): StoreSettings {
  const backend = settings.read('STORE_BACKEND')
  const connections = settings.read('DATABASE_CONNECTIONS')
  const movingFrom = settings.read('STORE_MOVING_FROM')
  if (movingFrom === backend && movingFrom !== 'none') {
    settings.complain('STORE_MOVING_FROM', ' must be another store than that of STORE_BACKEND')
  }
  const databaseUrl = backend === 'blobs' && movingFrom !== 'postgres' ? undefined : settings.required('DATABASE_URL')
  return { backend, connections, databaseUrl, movingFrom, copyTokens: readCopyTokens(settings) }
}

/** A token that is also another secret is refused: its holder could do what only the other one may. */
function readCopyTokens(settings: SettingsReader<keyof typeof storeRows>): readonly string[] {
  const tokens = settings.read('MCP_STORE_COPY_TOKEN') ?? []
  const other = settings.secrets.find(
    ({ name, text }) => name !== 'MCP_STORE_COPY_TOKEN' && entriesOf(text).some((value) => tokens.includes(value)),
  )
  if (other === undefined) return tokens
  settings.complain('MCP_STORE_COPY_TOKEN', ` has a value of ${other.name}: each needs one of its own`)
  return []
}
