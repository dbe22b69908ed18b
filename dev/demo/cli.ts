/**
 * `npm run demo`: a published MCP client signs a person in, asks a question and uses the other tools, against the world
 * that `npm start` keeps running, or one of its own. Exit code 0 only if every step happened.
 */
import { styleText } from 'node:util'
import { aborted, interruption } from '../interruption.ts'
import { readOptions } from '../options.ts'
import { defaultState } from '../start/state.ts'
import { startWorld } from '../start/world.ts'
import { createListing } from './listing.ts'
import { findPlace, type Place, placeOf } from './place.ts'
import { StepFailed } from './step.ts'
import { tellStory } from './story.ts'

const usage = `npm run demo

A real MCP client goes through everything once: signs a person in, asks, looks something up in the API reference, sends
feedback, refreshes, and shows who was recorded, and what the others were told.
It uses what npm start keeps running, or starts the system itself. PORT names the one to use.`

readOptions(usage, {})
const interrupted = interruption()
const listing = createListing((line) => console.log(line))
/** What the functions of a world of our own print: of interest only if something fails. */
const output: string[] = []

async function demo(): Promise<void> {
  const found = await findPlace(process.env.PORT, defaultState)
  if ('url' in found) {
    console.log(`Using what runs at ${found.url}.`)
    return tell(found)
  }
  console.log(`${found.reason}\nStarting one for the demo …`)
  const world = await startWorld({ signal: interrupted, onOutput: (line) => output.push(line) })
  try {
    console.log(`Running at ${world.url} until the demo ends.`)
    await tell(placeOf(world))
  } finally {
    await world.stop()
  }
}

/** Ends when interrupted; what the story has asked for then is of no interest. */
const tell = (place: Place) => Promise.race([tellStory(place, listing), aborted(interrupted)])

const began = performance.now()
await demo().catch((error: unknown) => {
  // What was given up half-way fails somehow.
  if (interrupted.aborted) return
  if (!(error instanceof StepFailed)) throw error
  process.exitCode = 1
  listing.failure(error.step, error.message)
  for (const line of output.slice(-5)) console.log(styleText('dim', `    ${line}`))
})
if (interrupted.aborted) process.exit(130)
if (process.exitCode === undefined) {
  console.log(`\n${styleText('bold', 'All of it happened')}, in ${((performance.now() - began) / 1000).toFixed(1)} s.`)
}
