import { describe, expect, test, vi } from 'vitest'
import { mcpForTests } from '../../dev/worlds/mcp-for-tests.ts'
import { ask, post, rpc } from '../../dev/worlds/mcp-requests.ts'
import type { EndedCall } from './ended-call.ts'
import type { McpEndpointOptions } from './endpoint.ts'

const now = Date.UTC(2026, 10, 21, 12)

const mcp = mcpForTests(now)

const bearer = (text = mcp.token) => ({ authorization: `Bearer ${text}` })
const events = { accept: 'text/event-stream' }

/** Sends one request, reads its answer, and returns what was recorded once all work after the answer is done. */
async function recordedFor(request: Request, changes: Partial<McpEndpointOptions> = {}, signal?: AbortSignal) {
  const calls: EndedCall[] = []
  const recordCall = async (call: EndedCall) => void calls.push(call)
  const endpoint = mcp.endpoint({ now: () => now, recordCall, ...changes })
  const response = await endpoint.fetch(request, signal)
  await response.text().catch(() => {})
  await endpoint.settled()
  return calls.map(({ token, tool, outcome, refused }) => ({ sub: token?.sub, tool, outcome, refused }))
}

const ofUser = { sub: 'user-1', tool: 'ask_question' }

describe('a call of a tool is recorded once', () => {
  test.each([
    ['as JSON', { accept: 'application/json' }],
    ['as an event stream', events],
  ])('that succeeds, answered %s', async (_form, accept) => {
    const calls = await recordedFor(post(ask('how?'), { ...bearer(), ...accept }))
    expect(calls).toEqual([{ ...ofUser, outcome: 'ok', refused: false }])
  })

  test('of an anonymous caller', async () => {
    const calls = await recordedFor(post(ask('how?')), { requireAuth: false })
    expect(calls).toEqual([{ sub: undefined, tool: 'ask_question', outcome: 'ok', refused: false }])
  })

  test('that fails', async () => {
    mcp.searchServer.intercept = (method) => (method === 'tools/call' ? new Response(null, { status: 500 }) : undefined)
    const [call, ...more] = await recordedFor(post(ask('how?'), bearer()))
    expect(more).toEqual([])
    expect(call).toMatchObject({ ...ofUser, refused: false })
    expect(call?.outcome).not.toBe('ok')
  })

  test.each([
    ['asks nothing', ask('  '), 'missing_query'],
    ['has wrong arguments', ask(7), 'invalid_arguments'],
  ])('that %s', async (_what, body, outcome) => {
    expect(await recordedFor(post(body, bearer()))).toEqual([{ ...ofUser, outcome, refused: true }])
  })

  test('of a tool that the client made up, without its name [N28]', async () => {
    const calls = await recordedFor(post(rpc('tools/call', { name: 'ada@example.org' }), bearer()))
    expect(calls).toEqual([{ sub: 'user-1', tool: 'unknown', outcome: 'unknown_tool', refused: true }])
  })

  test.each([
    ['without a name of a tool', rpc('tools/call', { arguments: {} }), {}],
    ['two at once', `[${ask('a')},${ask('b')}]`, {}],
    ['in a form that the client does not accept', ask('how?'), { accept: 'text/html' }],
  ])('that no tool could take: %s', async (_what, body, headers) => {
    const [call, ...more] = await recordedFor(post(body, { ...bearer(), ...headers }))
    expect([call?.sub, call?.refused, more]).toEqual(['user-1', true, []])
  })

  test('that a known user may not make: the scope, the plan, the address, the grant', async () => {
    const other = await mcp.sign({ scope: 'docs:feedback' })
    expect(await recordedFor(post(ask('how?'), bearer(other)))).toMatchObject([{ outcome: 'scope', refused: true }])
    const full = { user: () => ({ limit: 1, windowSeconds: 60, policy: 'user', hit: async () => ({ limited: true, retryAfter: 9 }) as const }) } // biome-ignore format: one line
    expect(await recordedFor(post(ask('how?'), bearer()), { limits: full })).toMatchObject([{ outcome: 'limit' }])
    const free = await mcp.sign({ email: 'ada@gmail.com' })
    const calls = await recordedFor(post(ask('how?'), bearer(free)), { requireWorkEmail: true })
    expect(calls).toMatchObject([{ outcome: 'work_email', refused: true }])
    const revoked = await recordedFor(post(ask('how?'), bearer()), { grantStatus: async () => 'ended' })
    expect(revoked).toMatchObject([{ ...ofUser, outcome: 'revoked', refused: true }])
  })

  test('whose client goes away', async () => {
    const gone = new AbortController()
    mcp.searchServer.intercept = (method) => {
      if (method === 'tools/call') gone.abort()
      return undefined
    }
    const [call, ...more] = await recordedFor(post(ask('how?'), { ...bearer(), ...events }), {}, gone.signal)
    expect(more).toEqual([])
    expect(call).toMatchObject({ ...ofUser, refused: false })
  })
})

describe('nothing is recorded', () => {
  test.each([
    ['for a list of tools', () => post(rpc('tools/list'), bearer())],
    ['for a stranger who has to sign in', () => post(ask('how?'))],
    ['for a token that is not ours', () => post(ask('how?'), bearer('junk'))],
    ['for another method', () => new Request('https://docs.example.com/mcp', { headers: bearer() })],
  ])('%s', async (_what, request) => {
    expect(await recordedFor(request())).toEqual([])
  })
})

test('an answer does not wait for its record', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const recordCall = vi.fn(() => promise)
  const endpoint = mcp.endpoint({ now: () => now, recordCall })
  expect((await endpoint.fetch(post(ask('how?'), bearer()))).status).toBe(200)
  expect(recordCall).toHaveBeenCalledOnce()
  resolve()
  await endpoint.settled()
})
