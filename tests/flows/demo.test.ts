import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { createListing } from '../../dev/demo/listing.ts'
import { findPlace, placeOf } from '../../dev/demo/place.ts'
import { StepFailed } from '../../dev/demo/step.ts'
import { tellStory } from '../../dev/demo/story.ts'
import { takeState } from '../../dev/start/running.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())
beforeEach(() => {
  stack.emulator.clearFaults()
  stack.kapa.reset()
  stack.hub.reset()
  stack.forms.reset()
  stack.crm.reset()
  delete stack.provider.faults.token
  delete stack.provider.faults.authorization
})

/** Runs the demo. Returns what it prints, and the step at which it failed. */
async function demo(patience?: number) {
  const lines: string[] = []
  const listing = createListing((line) => lines.push(line))
  const ended = await tellStory(placeOf(stack), listing, patience).catch((error) => error)
  if (ended !== undefined && !(ended instanceof StepFailed)) throw ended
  return { failed: ended?.step, reason: ended?.message, printed: lines.join('\n') }
}

test('the demo signs in, asks, uses the other tools, refreshes, and shows what was recorded', async () => {
  await demo()
  const { failed, printed } = await demo()
  expect(failed).toBeUndefined()
  // The instance is warm. The columns are name, time, store round trips.
  // A code exchange reads the fence of the user at the same time, and once more after the answer.
  for (const [step, roundTrips] of Object.entries({ 'Consent page': '0', 'Code for tokens': '[23]', Refreshes: '1' })) {
    expect(printed).toMatch(new RegExp(`${step} +\\d+ ms +${roundTrips} `))
  }
  expect(printed).toMatch(/lists the tools .* \d+, by MCP 2026-07-28/)
  expect(printed).toMatch(/Source: http:\S+\/documents\//)
  expect(printed).toMatch(/Searches the API reference .*decommission.*✓ Reads the best page/s)
  expect(printed).toMatch(/✓ Sends feedback .* under ada\./)
  expect(printed).not.toContain('Steps up')
  expect(printed).toMatch(
    /Asks who is signed in .* Analytical Engines, allowed docs:read docs:feedback; other connections: \d+/,
  )
  expect(printed).toMatch(/_meta\.user.*ada\.\S+@analytical-engines\.example/)
  expect(printed).toMatch(/API-reference hub .*user not told/)
  expect(printed).toMatch(/Feedback form .*from ada\.\S+@analytical-engines\.example/)
  // The output fits into the window of a terminal.
  expect(printed.split('\n').length).toBeLessThan(50)
})

test('the store fails at the code exchange', async () => {
  stack.emulator.addFault({ action: 'status', status: 403, key: '^grants/', method: 'PUT' })
  expect((await demo()).failed).toBe('Code exchange')
})

test('the answer service does not answer', async () => {
  stack.kapa.faults.call = { kind: 'error-result' }
  expect((await demo()).failed).toBe('Asking')
})

test('the answer service does not receive the user', async () => {
  stack.kapa.faults.call = { kind: 'rejects-meta' }
  expect((await demo()).failed).toBe('What Kapa received')
})

test('the API-reference hub no longer has a search', async () => {
  stack.hub.faults.missingTool = 'search'
  expect((await demo()).failed).toBe('Searching the API reference')
})

test('the API-reference hub no longer has the page', async () => {
  stack.hub.faults.missingTool = 'get_pages'
  expect((await demo()).failed).toBe('Reading a page of the API reference')
})

test('the form has moved: the feedback is lost although the user allowed it', async () => {
  stack.forms.faults.form = { kind: 'status', status: 301, location: '/elsewhere/' }
  const { failed, reason, printed } = await demo()
  expect([failed, reason]).toEqual(['Sending feedback', expect.stringContaining('HTTP 301')])
  expect(printed).not.toMatch(/✓ Sends feedback/)
})

test('the user is not recorded', async () => {
  stack.emulator.addFault({ action: 'status', status: 403, key: '^users/', method: 'PUT' })
  expect((await demo(500)).failed).toBe('Recording in the background')
})

test('the CRM does not accept the report', async () => {
  stack.crm.faults.webhook = { kind: 'status', status: 500 }
  expect(await demo()).toMatchObject({ failed: 'The CRM', reason: 'the CRM answered 500' })
})

test('the OpenID Provider sends the user back without a code', async () => {
  stack.provider.faults.authorization = 'server_error'
  const { failed, reason, printed } = await demo()
  expect([failed, reason]).toEqual(['Authorization response', 'the client received the error server_error'])
  expect(printed).toMatch(/✓ Registers itself.*✓ Consent page.*✓ Continue/s)
  expect(printed).not.toMatch(/OpenID Provider|Back with an identity/)
})

test('a page shows an error: the demo lists the steps before it, and its code', async () => {
  stack.provider.faults.token = { kind: 'status', status: 503 }
  const { failed, reason, printed } = await demo()
  expect(failed).toBe('Signing in')
  expect(reason).toBe(`${stack.url}/mcp/callback answered 503 (temporarily_unavailable)`)
  expect(printed).toMatch(/✓ Consent page.*✓ OpenID Provider/s)
})

test('the demo uses what npm start runs; otherwise a sentence says why not', async () => {
  const state = await mkdtemp(join(tmpdir(), 'demo-test-'))
  onTestFinished(() => rm(state, { recursive: true }))
  expect(await findPlace(undefined, state)).toEqual({ reason: expect.stringMatching(/^Nothing .* is running/) })

  const withNote = async (note: Parameters<typeof takeState>[1], port?: string) => {
    const giveBack = await takeState(state, note)
    const found = await findPlace(port, state)
    await giveBack()
    return found
  }
  const { port, url } = stack
  expect(await withNote({ port, ownParts: [] })).toEqual(placeOf(stack))
  expect(await withNote({ port, ownParts: [] }, ' ')).toEqual(placeOf(stack))
  const reasons = [
    await withNote({ port, ownParts: [] }, '9000'),
    await withNote({ port, ownParts: ['OpenID Provider', 'Kapa'] }),
    await withNote({ port: port - 1, ownParts: [] }),
  ].map((found) => ('reason' in found ? found.reason.replace(/^npm start \(process \d+\) runs at /, '') : found))
  expect(reasons).toEqual([
    `${url}, but PORT is 9000.`,
    `${url}, but your settings replace parts that the demo needs: OpenID Provider, Kapa.`,
    `http://localhost:${port - 1}, but does not answer there, or not yet.`,
  ])
})
