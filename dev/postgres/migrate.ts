import { join } from 'node:path'
import { repository } from '../repository.ts'
import { applyMigrations, type Migration, readMigrations } from './apply.ts'

/** Netlify's deploy applies the same files to its own databases. */
export const migrationsFolder = join(repository, 'netlify/database/migrations')

/** The migrations, in their order. */
export const migrations: readonly Migration[] = readMigrations(migrationsFolder)

/** Applies the migrations that a database lacks. @returns the names of the applied migrations */
export const migrate = (url: string, all: readonly Migration[] = migrations): Promise<readonly string[]> =>
  applyMigrations(url, all)
