import { join } from 'node:path'
import { repository } from '../repository.ts'
import { applyMigrations, type Migration, readMigrations } from './apply.ts'

/** Netlify's deploy applies the same files to its own databases. */
export const migrationsFolder = join(repository, 'netlify/database/migrations')

/** The migrations, in their order. */
export const migrations: readonly Migration[] = readMigrations(migrationsFolder)

/** Applies to a database the migrations that it lacks. @returns the names of those that it has applied */
export const migrate = (url: string, all: readonly Migration[] = migrations): Promise<readonly string[]> =>
  applyMigrations(url, all)
