/** `npm run store -- migrate`: prepares the database of `DATABASE_URL` for this release. */
import { createSettingsReader } from '../../lib/settings/reader.ts'
import { storeRows } from '../../lib/settings/rows/store.ts'
import { failureOf } from '../../lib/store/postgres/failure.ts'
import { Explained } from '../explained.ts'
import { migrate, migrations } from './migrate.ts'

const usage = `npm run store -- migrate

Applies to the database of DATABASE_URL the migrations that it lacks. It may be run again at any time, and while the service
runs. Netlify's deploy applies the same files to a database of Netlify's.`

async function main(): Promise<void> {
  if (process.argv.slice(4).some((argument) => argument === '-h' || argument === '--help')) return console.log(usage)
  const settings = createSettingsReader(process.env, storeRows)
  const url = settings.required('DATABASE_URL')
  if (url === undefined) throw new Explained(settings.problems.map(({ text }) => `${text}.`).join(' '))
  const applied = await migrate(url).catch((error: unknown) => {
    throw new Explained(`The database could not be migrated: ${failureOf(error).reason}.`)
  })
  for (const name of applied) console.log(`Applied ${name}`)
  console.log(applied.length > 0 ? 'The database is ready.' : `The database has all ${migrations.length} migrations.`)
}

await main()
