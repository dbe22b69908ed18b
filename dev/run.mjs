// The way in of every `npm run` that runs code of ours. JavaScript, so that a Node too old to run TypeScript still gets
// to say so.
import { existsSync } from 'node:fs'

const [major = 0] = process.versions.node.split('.').map(Number)
if (major >= 24) {
  const { run } = await import('../bin/commands.ts')
  await run(process.argv[2])
} else {
  const installed = existsSync(new URL('../node_modules/.bin/node', import.meta.url))
  const way = installed
    ? 'npm start and npm run take the one that npm ci has installed: use them.'
    : 'On Linux (x64, arm64), npm ci installs one for this project unless --omit=optional leaves it out: run npm ci first. Elsewhere, install it yourself.'
  console.error(`Node 24 or newer is needed; this is ${process.version}. ${way}`)
  process.exitCode = 1
}
