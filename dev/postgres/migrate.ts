import { join } from 'node:path'
import { applyMigrations, type Migration, readMigrations } from '../../lib/store/postgres/apply-migrations.ts'
import { repository } from '../repository.ts'

/** Netlify's deploy applies the same files to its own databases. */
export const migrationsFolder = join(repository, 'netlify/database/migrations')

/** The migrations, in their order. */
export const migrations: readonly Migration[] = readMigrations(migrationsFolder)

/** Applies the migrations that a database lacks. @returns the names of the applied migrations */
export const migrate = (url: string, all: readonly Migration[] = migrations): Promise<readonly string[]> =>
  applyMigrations(url, all)
