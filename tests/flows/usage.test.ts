import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { measureExactness } from '../../dev/usage/exactness.ts'
import { times } from '../../dev/worlds/times.ts'
import { readEventKey } from '../../lib/people/usage/event-key.ts'
import { settleTime } from '../../lib/people/usage/roll-up.ts'
import { dayAfter, dayOf } from '../../lib/people/usage/time.ts'
import { callMcp, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { type Stack, startStack, testOnBlobs } from '../support/stack.ts'

const { signal } = new AbortController()
let stack: Stack

beforeAll(async () => {
  stack = await startStack({
    settings: { REQUIRE_AUTH: 'false', MCP_KEEP_USAGE_DAYS: '90', MCP_KEEP_PEOPLE_USAGE_DAYS: '2' },
  })
})
afterAll(() => stack?.stop())

const storeOf = (name: string) => stack.store(name)

/** The events of today, and those of yesterday if the day has just changed. */
async function events() {
  const days = [dayOf(Date.now()), dayAfter(dayOf(Date.now()), -1)]
  const lists = await Promise.all(days.map((day) => storeOf(`mcp-oauth-broker-usage-${day}`).list('usage/', signal)))
  return lists.flatMap(({ keys }) => keys.map(readEventKey)).filter((event) => event !== null)
}

/** Milliseconds: a minute more than what the rollup waits. */
const settled = settleTime + 60_000

const ask = { name: 'ask_redpanda_question', arguments: { question: 'What is a grant?' } }

test('a call by a user and one by a stranger are one event each, and so is each step of a sign-in from approval on', async () => {
  const client = await registerClient(stack.url)
  const { accessToken } = await obtainTokens(client)
  await callMcp(stack.mcpUrl, accessToken, 'tools/call', ask)
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: ask })
  const stranger = await fetch(stack.mcpUrl, { method: 'POST', headers, body })
  expect([stranger.status, (await stranger.text()).length > 0]).toEqual([200, true])
  await vi.waitFor(async () => expect(await events()).toHaveLength(5), { timeout: 30_000 })
  const found = await events()
  expect(found.map(({ what, outcome }) => `${what} ${outcome}`).sort()).toEqual([
    'call.ask_redpanda_question ok',
    'call.ask_redpanda_question ok',
    'step.approved ok',
    'step.code ok',
    'step.token ok',
  ])
  const calls = found.filter(({ what }) => what.startsWith('call.'))
  expect(calls.map(({ person }) => person === '-').sort()).toEqual([false, true])
  // The step and the call name the same person and the same client, though only the sign-in knows the client's name.
  const [byUser] = calls.filter(({ person }) => person !== '-')
  const [token] = found.filter(({ what }) => what === 'step.token')
  expect([byUser?.person, byUser?.client]).toEqual([token?.person, token?.client])
  const names = storeOf('mcp-oauth-broker')
  await vi.waitFor(async () => {
    expect((await names.get(`people/${byUser?.person}`, signal))?.value).toMatchObject({
      sub: expect.stringMatching(/^u_/),
    })
    expect(await names.get(`clients/${byUser?.client}`, signal)).not.toBeNull()
  })
})

testOnBlobs(
  'the scheduled function composes yesterday, and removes what is older than MCP_KEEP_USAGE_DAYS and MCP_KEEP_PEOPLE_USAGE_DAYS',
  async () => {
    const store = 'mcp-oauth-broker'
    // In the first minutes of a day, the day before is not counted yet.
    const today = dayOf(Date.now() - settled)
    const old = (days: number) => dayAfter(today, -days)
    const empty = Buffer.from('{"nonce":"x","value":{}}')
    const keys = [
      ...[100, 50, 2].map((days) => `usage-days/${old(days)}`),
      ...[100, 50].map((days) => `usage-day-companies/${old(days)}/0`),
      ...[50, 2].map((days) => `usage-day-people/${old(days)}/00`),
    ]
    for (const key of keys) stack.emulator.plant(store, key, empty)
    await vi.waitFor(
      async () => {
        const response = await fetch(`${stack.url}/.netlify/functions/usage`, { method: 'POST' })
        expect(response.status).toBe(200)
        expect(await response.json()).toMatchObject({ finished: true })
      },
      { timeout: 60_000 },
    )
    const kept = keys.filter((key) => stack.emulator.inspect(store, key) !== null)
    expect(kept).toEqual([
      `usage-days/${old(50)}`,
      `usage-days/${old(2)}`,
      `usage-day-companies/${old(50)}/0`,
      `usage-day-people/${old(2)}/00`,
    ])
    expect(stack.emulator.inspect(store, `usage-days/${old(1)}`)).not.toBeNull()
  },
)

const calls = times(5_000, 20_000)

// `npm run test:usage` does the same with a million calls.
test(`${calls.toLocaleString('en')} calls, partly recorded by four processes, are counted exactly, although the store fails and runs of the rollup are killed`, async () => {
  const result = await measureExactness({
    population: { calls, people: calls / 10, companies: 200, first: '20261001', days: 1 },
    ...{ recorded: 1_000, writers: 4, kills: 5, faults: true, share: 30_000 },
  })
  expect(result).toMatchObject({ lost: 0, wrongPeople: 0, left: 0 })
  expect(result.faults).toBeGreaterThan(0)
  const steps = result.kills.map((where) => where.split(', ')[0])
  expect(steps).toEqual(expect.arrayContaining(['create usage-slices', 'create usage-days', 'removeAll events']))
  expect(new Set(Object.values(result.counted))).toEqual(new Set([calls]))
})
