import { migrate } from '../../dev/postgres/migrate.ts'
import { type PostgresServer, startPostgres } from '../../dev/postgres/server.ts'
import { defined } from '../../lib/base/defined.ts'
import { type DatabaseOptions, openDatabase } from '../../lib/store/postgres/database.ts'
import {
  createPostgresStore,
  type PostgresStore,
  type PostgresStoreOptions,
} from '../../lib/store/postgres/postgres.ts'

/** A store, and its database, which the test closes. */
export interface OpenStore extends PostgresStore {
  close(): void
}

type Options = Partial<Omit<DatabaseOptions, 'url'>> & Partial<Omit<PostgresStoreOptions, 'database'>>

/** Opens a store at a URL. */
export function openStore(url: string, options: Options = {}): OpenStore {
  const { site = 'tests', retryDelays = [1, 2], pageSize, ...rest } = options
  const database = openDatabase({ url, ...rest })
  const store = createPostgresStore({
    site,
    retryDelays,
    database: () => database,
    ...defined({ pageSize }),
  })
  return { ...store, close: database.close }
}

/** A real server with every migration. */
export async function startServer(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const server = await startPostgres(settings)
  await migrate(server.url())
  return server
}
