// The entry point of every `npm run` that runs our own code. It is JavaScript, so that a Node that is too old to run
// TypeScript can still print this message.
import { existsSync } from 'node:fs'

const [major = 0] = process.versions.node.split('.').map(Number)
if (major >= 24) {
  const { run } = await import('../bin/commands.ts')
  await run(process.argv[2])
} else {
  const installed = existsSync(new URL('../node_modules/.bin/node', import.meta.url))
  const way = installed
    ? 'npm ci has installed a newer one, which npm start and npm run use. Run this command with npm.'
    : 'On Linux (x64, arm64), npm ci installs it for this project, unless --omit=optional is set. Run npm ci first. On other systems, install it yourself.'
  console.error(`This project needs Node 24 or newer; this is ${process.version}. ${way}`)
  process.exitCode = 1
}
