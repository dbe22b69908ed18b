/**
 * The program of the container image: `node server.mjs` runs the service, `node server.mjs health` is the health check of
 * the image, and `node server.mjs migrate` prepares the database. `npm run build:container` bundles it, so the image has no packages.
 */
import { join } from 'node:path'
import { Explained } from '../explained.ts'
import { checkHealth } from './health.ts'
import { runUntil } from './run.ts'

const directory = join(import.meta.dirname, 'functions')
const commands: { readonly [command: string]: () => Promise<unknown> } = {
  serve: () => runUntil(signalled(), { directory, manifestPath: join(directory, 'manifest.json') }),
  health: () => checkHealth(process.env),
  migrate: async () =>
    (await import('../postgres/command.ts')).migrateFrom(join(import.meta.dirname, 'migrations'), process.env),
}
const { 2: command = 'serve' } = process.argv
const run = Object.hasOwn(commands, command) ? commands[command] : undefined
try {
  if (!run) throw new Explained(`Unknown command. The commands are ${Object.keys(commands).join(', ')}.`)
  await run()
} catch (error) {
  if (!(error instanceof Explained)) throw error
  console.error(error.message)
  process.exitCode = 1
}

/** Resolves at the first request to end. The second one ends the process at once. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
}
