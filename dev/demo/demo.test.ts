import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Stack, startStack } from '../../tests/support/stack.ts'
import { createListing } from './listing.ts'
import { placeOf } from './place.ts'
import { StepFailed } from './step.ts'
import { tellStory } from './story.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())
beforeEach(() => {
  stack.emulator.clearFaults()
  stack.kapa.reset()
  stack.crm.reset()
})

/** What the demo prints, and the step at which it ended. */
async function demo(patience?: number) {
  const lines: string[] = []
  const listing = createListing((line) => lines.push(line))
  const ended = await tellStory(placeOf(stack), listing, patience).catch((error) => error)
  if (ended !== undefined && !(ended instanceof StepFailed)) throw ended
  return { failed: ended?.step, printed: lines.join('\n') }
}

test('the demo signs in, asks, refreshes, and shows who was recorded', async () => {
  await demo()
  const { failed, printed } = await demo()
  expect(failed).toBeUndefined()
  // The instance is warm: name, time, store round trips.
  for (const [step, roundTrips] of Object.entries({ 'Consent page': 0, 'Code for tokens': 1, Refreshes: 1 })) {
    expect(printed).toMatch(new RegExp(`${step} +\\d+ ms +${roundTrips} `))
  }
  expect(printed).toMatch(/Source: http:\S+\/documents\//)
  expect(printed).toMatch(/_meta\.user.*ada\.\S+@analytical-engines\.example/)
})

test('the store fails when the code is redeemed', async () => {
  stack.emulator.addFault({ action: 'status', status: 403, key: '^grants/', method: 'PUT' })
  expect((await demo()).failed).toBe('Code exchange')
})

test('the answer service does not answer', async () => {
  stack.kapa.faults.call = { kind: 'error-result' }
  expect((await demo()).failed).toBe('Asking')
})

test('the answer service is not told who asks', async () => {
  stack.kapa.faults.call = { kind: 'rejects-meta' }
  expect((await demo()).failed).toBe('What Kapa received')
})

test('the user is not recorded', async () => {
  stack.emulator.addFault({ action: 'status', status: 403, key: '^users/', method: 'PUT' })
  expect((await demo(500)).failed).toBe('Recording in the background')
})
