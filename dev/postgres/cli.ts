/** `npm run store -- migrate`: prepares the database of `DATABASE_URL` for this release. */
import { migrateFrom } from './command.ts'
import { migrationsFolder } from './migrate.ts'

const usage = `npm run store -- migrate

Applies to the database of DATABASE_URL the migrations that it lacks. It may be run again at any time, and while the service
runs. Netlify's deploy applies the same files to a database of Netlify's.`

if (process.argv.slice(4).some((argument) => argument === '-h' || argument === '--help')) console.log(usage)
else await migrateFrom(migrationsFolder, process.env)
