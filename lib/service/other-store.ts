import { createSettingsReader } from '../settings/reader.ts'
import { storeRows } from '../settings/rows/store.ts'
import { readStore } from '../settings/store.ts'
import { type Database, openDatabase } from '../store/postgres/database.ts'
import { createPostgresStore, type PostgresStore } from '../store/postgres/postgres.ts'
import { StoreUnavailable } from '../store/store.ts'
import { log } from './log.ts'

/** Creates the store of this name that `STORE_BACKEND` names. */
export const otherStore = (name: string): PostgresStore => createPostgresStore({ site: name, database })

let known: { readonly url: string; readonly database: Database } | undefined

/**
 * Returns the database of this invocation. Netlify names it anew at each invocation, so the settings are read each time. All
 * stores of an instance share its connections. A wrong setting throws `StoreUnavailable`.
 */
function database(): Database {
  const { backend, databaseUrl, connections } = readStore(createSettingsReader(process.env, storeRows))
  if (backend !== 'postgres' || databaseUrl === undefined) throw new StoreUnavailable('the store is not configured')
  if (known?.url !== databaseUrl) {
    known?.database.close()
    const onRefusal = (reason: string) => log('store_refused', { reason })
    known = { url: databaseUrl, database: openDatabase({ url: databaseUrl, connections, onRefusal }) }
  }
  return known.database
}
