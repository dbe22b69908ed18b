/**
 * `npm run demo`: a published MCP client signs a person in and asks a question, against the world that `npm start` keeps
 * running, or one of its own. Exit code 0 only if every step happened.
 */
import { styleText } from 'node:util'
import { BuildFailed } from '../build/build-in-child.ts'
import { CannotStart } from '../start/cannot-start.ts'
import { startWorld } from '../start/world.ts'
import { createListing } from './listing.ts'
import { findPlace, placeOf } from './place.ts'
import { StepFailed } from './step.ts'
import { tellStory } from './story.ts'

const listing = createListing((line) => console.log(line))
/** What the functions of a world of our own print: of interest only if something fails. */
const output: string[] = []

async function demo(): Promise<void> {
  const running = await findPlace(process.env.PORT)
  if (running) {
    console.log(`Using what runs at ${running.url}.`)
    return tellStory(running, listing)
  }
  console.log('Nothing of this project is running: starting it for the demo (npm start keeps it running) …')
  const world = await startWorld({ onOutput: (line) => output.push(line) })
  try {
    console.log(`Running at ${world.url} until the demo ends.`)
    await tellStory(placeOf(world), listing)
  } finally {
    await world.stop()
  }
}

try {
  const began = performance.now()
  await demo()
  console.log(`\n${styleText('bold', 'All of it happened')}, in ${((performance.now() - began) / 1000).toFixed(1)} s.`)
} catch (error) {
  process.exitCode = 1
  if (error instanceof StepFailed) {
    listing.failure(error.step, error.message)
    for (const line of output.slice(-5)) console.log(styleText('dim', `    ${line}`))
  } else if (error instanceof CannotStart || error instanceof BuildFailed) console.error(error.message)
  else throw error
}
