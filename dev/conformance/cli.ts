import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readOptions } from '../options.ts'
import { repository } from '../repository.ts'
import { formatLedger } from './ledger.ts'

readOptions(
  `npm run conformance

Brings the ledger up to date: writes the tests of each row into docs/conformance/, and the summary into
docs/conformance.md. Everything else in these files is written by hand.`,
  {},
)
for (const [path, text] of formatLedger()) writeFileSync(join(repository, path), text)
