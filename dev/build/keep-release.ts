/** `npm run keep-release`: keeps the functions of this version, so that the next version is tested beside it. */
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import * as v from 'valibot'
import { readOptions } from '../options.ts'
import { repository } from '../repository.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { keepRelease } from './released.ts'

const usage = `npm run keep-release

Keeps the functions of this version in tests/released/. Run it at each release and commit the file: tests then run the next
version beside this one, on one store. Remove the files of versions that are no longer deployed anywhere.`
readOptions(usage, {})

const packageFile = v.object({ version: v.string() })
const { version } = v.parse(packageFile, JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')))
const folder = temporaryFolder()
try {
  console.log(`Kept ${relative(repository, await keepRelease(version, folder.path))}`)
} finally {
  await folder.remove()
}
