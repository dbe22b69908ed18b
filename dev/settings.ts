import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readOptions } from './options.ts'
import { repository } from './repository.ts'
import { generatedFiles } from './settings-pages.ts'

/** `npm run settings`: writes what is generated from the table of settings, from the list of what `npm run doctor` finds, and from the production checklist. */
readOptions(
  'npm run settings\n\nWrites .env.example and the tables of docs/configuration.md from lib/settings/, and those of docs/doctor.md and docs/deploy/production-checklist.md.',
  {},
)
for (const { path, text } of generatedFiles()) {
  writeFileSync(join(repository, path), text)
  console.log(`${path}: written`)
}
