/**
 * `npm run demo` runs a published MCP client that signs a user in, asks a question and uses the other tools. It uses the
 * system that `npm start` runs, or starts its own. The exit code is 0 only if every step succeeded.
 */
import { styleText } from 'node:util'
import { aborted, interruption } from '../interruption.ts'
import { readOptions } from '../options.ts'
import { localAdminEmail } from '../start/local-env.ts'
import { defaultState } from '../start/state.ts'
import { startWorld } from '../start/world.ts'
import { createListing } from './listing.ts'
import { findPlace, type Place, placeOf } from './place.ts'
import { StepFailed } from './step.ts'
import { tellStory } from './story.ts'

const usage = `npm run demo

Runs a real MCP client through everything once. It signs a user in, asks a question, looks something up in the API
reference, sends feedback, refreshes its token, and shows what was recorded and what the other services received.
It uses the system that npm start runs, or starts its own. PORT chooses the one to use.`

readOptions(usage, {})
const interrupted = interruption()
const listing = createListing((line) => console.log(line))
/** Where the demo's person can be seen afterwards. Empty if the system ends with the demo. */
const seeIt: string[] = []
/** The output of the functions if the demo starts its own system. It is shown only if a step fails. */
const output: string[] = []

async function demo(): Promise<void> {
  const found = await findPlace(process.env.PORT, defaultState)
  if ('url' in found) {
    console.log(`Using the system that runs at ${found.url}.`)
    await tell(found)
    if (!interrupted.aborted)
      seeIt.push(`${found.url}/admin, signed in as ${localAdminEmail}`, 'npm run admin -- companies')
    return
  }
  console.log(`${found.reason}\nStarting the system for the demo …`)
  const world = await startWorld({ signal: interrupted, onOutput: (line) => output.push(line) })
  try {
    console.log(`The system runs at ${world.url} until the demo ends.`)
    await tell(placeOf(world))
  } finally {
    await world.stop()
  }
}

/** Runs the story. Ends at once when the user interrupts it. */
const tell = (place: Place) => Promise.race([tellStory(place, listing), aborted(interrupted)])

const began = performance.now()
await demo().catch((error: unknown) => {
  // An interrupted step fails in some way, which does not matter.
  if (interrupted.aborted) return
  if (!(error instanceof StepFailed)) throw error
  process.exitCode = 1
  listing.failure(error.step, error.message)
  for (const line of output.slice(-5)) console.log(styleText('dim', `    ${line}`))
})
if (interrupted.aborted) process.exit(130)
if (process.exitCode === undefined) {
  console.log(
    `\n${styleText('bold', 'Every step succeeded')}, in ${((performance.now() - began) / 1000).toFixed(1)} s.`,
  )
  if (seeIt.length > 0) console.log(`See who asked: ${seeIt.join(', or ')}`)
}
