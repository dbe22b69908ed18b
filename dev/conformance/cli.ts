import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../build/build.ts'
import { ledger } from './document.ts'
import { groups } from './rows.ts'
import { findTaggedTests } from './tags.ts'

writeFileSync(join(repository, 'docs/conformance.md'), ledger(groups, findTaggedTests(repository)))
