/** `npm run release`: the version of a release, which `package.json` alone decides. */
import { Explained } from '../explained.ts'
import { repository } from '../repository.ts'
import { checkVersion, writeVersion } from './version.ts'

const usage = `npm run release

The version of a release, which package.json alone decides. .github/workflows/publish.yml runs the check before it publishes.

  npm run release -- write         writes the version into the other files that name it
  npm run release -- check <tag>   fails unless the tag and all files name the version of package.json`

const [what, tag, ...others] = process.argv.slice(3)
if (what === 'write' && tag === undefined) {
  const changed = await writeVersion(repository)
  console.log(changed.length === 0 ? 'Every file says the same already.' : `Wrote ${changed.join(', ')}.`)
} else if (what === 'check' && tag !== undefined && others.length === 0) {
  console.log(`Everything says ${await checkVersion(repository, tag)}.`)
} else if (what === undefined || what === '-h' || what === '--help') {
  console.log(usage)
} else {
  throw new Explained('There is no such command. For the commands, run npm run release')
}
