import { describe, expect, test } from 'vitest'
import { answered, kapaForTests, never, user } from '../../dev/worlds/kapa.ts'

/** An MCP server may send odd values in members that this server does not read. The answer must not be lost. */

const signal = new AbortController().signal
const world = kapaForTests()

const ask = (kapa = world.createKapa()) => kapa.ask('how?', { user, signal })
const idOf = async (request: Request): Promise<unknown> => (await request.clone().json()).id

const usual = { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'theirs', version: '1' } }
const { serverInfo: _, capabilities: __, ...bare } = usual

describe('a handshake succeeds', () => {
  test.each<[string, object]>([
    ['with only a protocol version', bare],
    ['without a name of the server', { ...usual, serverInfo: undefined }],
    ['with serverInfo: null', { ...usual, serverInfo: null }],
    ['with a server that has no version', { ...usual, serverInfo: { name: 'theirs' } }],
    ['with a number for a version of the server', { ...usual, serverInfo: { name: 'theirs', version: 2 } }],
    ['with capabilities: null', { ...usual, capabilities: null }],
    ['with capabilities: []', { ...usual, capabilities: [] }],
    ['with capabilities of odd forms', { ...usual, capabilities: { tools: true, logging: [], experimental: null } }],
    ['with instructions: null', { ...usual, instructions: null }],
    ['with instructions in pieces', { ...usual, instructions: ['ask', 'me'] }],
    ['with _meta: null', { ...usual, _meta: null }],
    ['with a server that has icons of odd forms', { ...usual, serverInfo: { name: 't', version: '1', icons: {} } }],
  ])('%s', async (_what, result) => {
    world.failing(
      1,
      async (request) => Response.json({ jsonrpc: '2.0', id: await idOf(request), result }),
      'initialize',
    )
    expect(await ask()).toEqual(answered)
    expect(world.handshakes()).toBe(1)
  })

  test.each([
    [{ ...usual, protocolVersion: '2099-01-01' }],
    [{ ...usual, protocolVersion: null }],
    [{ ...usual, protocolVersion: undefined }],
    [[]],
  ])('but not with an unsupported protocol version: %j', async (result) => {
    const answer = async (request: Request) => Response.json({ jsonrpc: '2.0', id: await idOf(request), result })
    world.failing(9, answer, 'initialize')
    expect(await ask()).toMatchObject({ kind: 'failure', detail: 'not an MCP answer' })
    expect(world.callsTried()).toBe(0)
  })
})

describe('this server sends notifications/initialized, and ignores the answer', () => {
  test.each([400, 404, 405, 500, 503])('%i', async (status) => {
    world.failing(9, () => new Response(null, { status }), 'notifications/initialized')
    expect(await ask()).toEqual(answered)
    expect(world.callsTried()).toBe(1)
  })

  test('also if the upstream never answers it', async () => {
    world.failing(9, never, 'notifications/initialized')
    expect(await ask(world.createKapa({ connectTimeout: 20_000, totalTimeout: 20_000 }))).toEqual(answered)
  })
})

describe('an answer is accepted', () => {
  test.each<[string, (id: unknown) => object]>([
    ['with the same id as text', (id) => ({ id: String(id) })],
    ['with _meta: null', (id) => ({ id, more: { _meta: null } })],
    ['with _meta that is text', (id) => ({ id, more: { _meta: 'none' } })],
    ['with _meta of odd members', (id) => ({ id, more: { _meta: { progressToken: {}, 'io.example/x': null } } })],
    ['with a cursor that is null', (id) => ({ id, more: { nextCursor: null } })],
  ])('%s', async (_what, made) => {
    world.failing(1, async (request) => {
      const { id, more } = made(await idOf(request)) as { id: unknown; more?: object }
      return Response.json({ jsonrpc: '2.0', id, result: { ...answered.result, ...more } })
    })
    expect(await ask()).toEqual(answered)
    expect(world.callsTried()).toBe(1)
  })

  test('but not with the id of another request', async () => {
    const other = { jsonrpc: '2.0', id: 'another', result: { content: [{ type: 'text', text: 'wrong' }] } }
    world.failing(1, () => Response.json(other))
    expect(await ask()).toEqual(answered)
    expect(world.callsTried()).toBe(2)
  })

  test.each<[string, object]>([
    ['priority out of range', { annotations: { priority: 9 } }],
    ['an unknown audience', { annotations: { audience: ['robot'] } }],
    ['an audience that is not a list', { annotations: { audience: 'user' } }],
    ['a date in words', { annotations: { lastModified: 'yesterday' } }],
    ['annotations that are a list', { annotations: [] }],
    ['annotations that are text', { annotations: 'none' }],
    ['_meta that is text', { _meta: 'none' }],
    ['_meta that is a list', { _meta: [] }],
    ['both', { annotations: 7, _meta: 7 }],
  ])('and gives the text alone if its only text has %s', async (_what, more) => {
    world.failing(1, async (request) => {
      const content = [{ type: 'text', text: 'about how?', ...more }]
      return Response.json({ jsonrpc: '2.0', id: await idOf(request), result: { content } })
    })
    expect(await ask()).toEqual(answered)
  })
})

describe('a lost session', () => {
  const inSession = async (lost: (id: unknown) => object) => {
    const kapa = world.createKapa()
    let calls = 0
    world.searchServer.intercept = async (method, request) => {
      const { id } = await request.clone().json()
      if (method === 'initialize') {
        return Response.json({ jsonrpc: '2.0', id, result: usual }, { headers: { 'mcp-session-id': 'theirs' } })
      }
      if (method !== 'tools/call') return new Response(null, { status: 202 })
      calls += 1
      return Response.json({ jsonrpc: '2.0', id, ...(calls === 1 ? lost(id) : { result: answered.result }) })
    }
    return { answer: await ask(kapa), calls }
  }

  const asTool = (text: string) => () => ({ result: { isError: true, content: [{ type: 'text', text }] } })
  const asError = (message: string, data: unknown) => () => ({ error: { code: -32_602, message, data } })

  test.each<[string, (id: unknown) => object]>([
    [
      'Invalid request parameters, with the reason in data',
      asError('Invalid request parameters', 'Received request before initialization was complete'),
    ],
    ['Internal error, with the reason in data', asError('Internal error', { reason: 'Session not found' })],
    ['as if a tool had failed', asTool('Error: session not found')],
    ['as if a tool had failed, with an id', asTool('Session 5f0c-11 not found on server "docs"')],
    ['as if a tool had failed, in JSON', asTool('{"error":"invalid session"}')],
    ['as if a tool had failed, as expired', asTool('MCP error -32001: session has expired')],
    ['as if a tool had failed, as missing', asTool('No valid session ID provided')],
    ['as if a tool had failed, as closed', asTool('The session was closed by the server')],
    ['as if a tool had failed, as terminated', asTool('Session terminated')],
    ['as if a tool had failed, as not there', asTool('session does not exist')],
  ])('reported as %s starts a new session', async (_what, lost) => {
    expect(await inSession(lost)).toEqual({ answer: answered, calls: 2 })
  })

  test.each([
    'No results for "session cookies": try other words',
    'The index is being rebuilt',
    'The topic is unknown',
  ])('is not assumed if a tool failed with %j', async (text) => {
    const { answer, calls } = await inSession(asTool(text))
    expect(answer).toMatchObject({ kind: 'answer', result: { isError: true } })
    expect(calls).toBe(1)
  })

  test('is not assumed if an answer mentions one', async () => {
    const content = [{ type: 'text', text: 'Session not found means that the server was restarted.' }]
    const { answer, calls } = await inSession(() => ({ result: { content } }))
    expect(answer).toMatchObject({ kind: 'answer', result: { content } })
    expect(calls).toBe(1)
  })
})
