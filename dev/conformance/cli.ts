import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readOptions } from '../options.ts'
import { repository } from '../repository.ts'
import { ledger } from './document.ts'
import { groups } from './rows.ts'
import { findTaggedTests } from './tags.ts'

readOptions(
  'npm run conformance\n\nWrites docs/conformance.md: every requirement, what is done about it, and which tests show it.',
  {},
)
writeFileSync(join(repository, 'docs/conformance.md'), ledger(groups, findTaggedTests(repository)))
