import { createSettingsReader } from '../../lib/settings/reader.ts'
import { storeRows } from '../../lib/settings/rows/store.ts'
import { applyMigrations, readMigrations } from '../../lib/store/postgres/apply-migrations.ts'
import { failureOf } from '../../lib/store/postgres/failure.ts'
import { Explained } from '../explained.ts'

/**
 * Applies the migrations of a folder to the database of `DATABASE_URL`, except those that it already has, and prints their names.
 *
 * @throws Explained if the setting is missing, or if a migration fails
 */
export async function migrateFrom(folder: string, env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const settings = createSettingsReader(env, storeRows)
  const url = settings.required('DATABASE_URL')
  if (url === undefined) throw new Explained(settings.problems.map(({ text }) => `${text}.`).join(' '))
  const all = readMigrations(folder)
  const applied = await applyMigrations(url, all).catch((error: unknown) => {
    throw new Explained(`The database could not be migrated: ${failureOf(error).reason}.`)
  })
  for (const name of applied) console.log(`Applied ${name}`)
  console.log(applied.length > 0 ? 'The database is ready.' : `The database has all ${all.length} migrations.`)
}
