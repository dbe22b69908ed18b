import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { applyMigrations, readMigrations } from '../store/postgres/apply-migrations.ts'
import { openDatabase } from '../store/postgres/database.ts'
import { createPostgresStore as createStore } from '../store/postgres/postgres.ts'
import type { Store } from '../store/store.ts'

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database?sslmode=verify-full` */
  readonly url: string
  /** Stores of different names share a table, and no rows. Default: `main`. */
  readonly name?: string
  /** The most connections of this process. Default: 5. */
  readonly connections?: number
  /** Called with each new reason why the database refuses statements for good. The reason contains no value, address or name. */
  readonly onRefusal?: (reason: string) => void
}

/** A store on PostgreSQL 15 or newer. */
export interface PostgresStore extends Store {
  /** Closes the connections. Statements under way finish. */
  close(): void
}

/** Makes a store on a database that `migrate` has prepared. Connects with the first operation. */
export function createPostgresStore({ name = 'main', ...options }: PostgresStoreOptions): PostgresStore {
  const database = openDatabase(options)
  const { get, create, replace, put, remove, list } = createStore({ site: name, database: () => database })
  return { get, create, replace, put, remove, list, close: database.close }
}

/**
 * Prepares a database: applies the migrations that it lacks, each in a transaction. A further call changes nothing. The role needs the
 * right to create a schema; the service needs less.
 *
 * @returns the names of the migrations that it has applied
 */
export const migrate = (url: string): Promise<readonly string[]> => applyMigrations(url, readMigrations(migrations()))

/** The folder of the migrations: in the package, or in its repository. */
function migrations(): string {
  const folders = ['../migrations', '../../netlify/database/migrations'].map((path) => join(import.meta.dirname, path))
  const found = folders.find((folder) => existsSync(folder))
  if (found === undefined) throw new Error('the package has no migrations: install it again')
  return found
}
