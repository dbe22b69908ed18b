/**
 * `npm run test:deploy`: tries what docs/deploy.md and docs/deploy/ say, as far as it goes without an account: the Dockerfile,
 * the real `netlify` command line, and Auth0's. The exit code is 0 only if everything was as the pages say.
 */
import { join } from 'node:path'
import { styleText } from 'node:util'
import { Explained } from '../../dev/explained.ts'
import { installInto } from '../../dev/install-packages.ts'
import { aborted, interruption } from '../../dev/interruption.ts'
import { readOptions } from '../../dev/options.ts'
import { repository } from '../../dev/repository.ts'
import { temporaryFolder } from '../../dev/temporary-folder.ts'
import { auth0 } from './auth0.ts'
import { container } from './container.ts'
import { netlify } from './netlify.ts'
import type { Trial } from './trial.ts'

const trials: readonly Trial[] = [netlify, auth0, container]

const usage = `npm run test:deploy

Tries the ways to deploy that docs/deploy.md describes, as far as it goes without an account. The first run installs the
command lines of Netlify, Auth0 and Antora from the npm registry, into .local/deploy-trials.

  --only <name>   ${trials.map(({ name }) => name).join(', ')}`

const { only } = readOptions(usage, { only: { type: 'string' } })
const chosen = trials.filter(({ name }) => only === undefined || name === only)
if (chosen.length === 0) throw new Explained(`There is no trial "${only}".`)

const began = performance.now()
const interrupted = interruption()
let failed = 0

function progress(what: string): void {
  console.log(styleText('dim', `${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${what}`))
}

function check(what: string, isSo: boolean): void {
  if (!isSo) failed++
  console.log(isSo ? `  ${styleText('green', '✓')} ${what}` : styleText('red', `  ✗ ${what}`))
}

async function tryAll(): Promise<boolean> {
  const source = join(repository, 'tests/deploy')
  const needsTools = chosen.some((trial) => trial !== container)
  const tools = needsTools
    ? await installInto(
        { source, target: join(repository, '.local/deploy-trials'), what: 'the command lines' },
        progress,
      )
    : null
  const folder = temporaryFolder()
  try {
    for (const trial of chosen) {
      console.log(styleText('bold', trial.name))
      const tool = (name: string, file: string) => tools?.path(name, file) ?? ''
      await trial.run({ folder: folder.path, tool, check, progress })
    }
  } finally {
    await folder.remove()
  }
  console.log(failed === 0 ? styleText('bold', 'All of it was as the pages say.') : `${failed} failed.`)
  return failed === 0
}

const isWell = await Promise.race([tryAll(), aborted(interrupted)])
if (interrupted.aborted) process.exit(130)
if (isWell !== true) process.exitCode = 1
