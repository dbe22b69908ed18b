/** `npm run serve`: runs the service outside of Netlify until SIGTERM, with the settings of the environment. */
import { join } from 'node:path'
import { buildInChild } from '../build/build-in-child.ts'
import { Explained } from '../explained.ts'
import { aborted, interruption } from '../interruption.ts'
import { readOptions } from '../options.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { runUntil } from './run.ts'

const usage = `npm run serve

Runs the service outside of Netlify, for production, until SIGTERM or Ctrl-C. Settings come from the environment only.
TLS ends at a load balancer in front. docs/deploy/container.md says more.

  --built <folder>   runs what npm run build:container has written there, instead of building`

const asked = aborted(interruption())
const { built } = readOptions(usage, { built: { type: 'string' } })
if (built === undefined) {
  const folder = temporaryFolder()
  await runUntil(asked, await buildInChild({ outDir: folder.path }))
} else {
  if (built.trim() === '') throw new Explained('--built needs a folder')
  const directory = join(built, 'functions')
  await runUntil(asked, { directory, manifestPath: join(directory, 'manifest.json') })
}
