import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { answered, eventStream, kapaForTests, never, rpcError, rpcResult, user } from '../../dev/worlds/kapa.ts'
import { startSearchServer } from '../../dev/worlds/mcp-endpoint.ts'
import type { AccessToken } from '../resource-server/bearer.ts'
import { kapaUser } from './kapa.ts'

const signal = new AbortController().signal
const world = kapaForTests()

test('one connection serves all calls of a warm instance, with our own key and the user in _meta [S-08 S-09]', async () => {
  const kapa = world.createKapa()
  expect(await kapa.ask('how?', { user, signal })).toEqual(answered)
  expect(await kapa.ask('how?', { user: undefined, signal })).toEqual(answered)
  expect(world.searchServer.methods).toEqual(['initialize', 'notifications/initialized', 'tools/call', 'tools/call'])
  expect(world.searchServer.calls).toEqual([
    { query: 'how?', meta: { user }, authorization: 'Bearer kapa-key' },
    { query: 'how?', meta: undefined, authorization: 'Bearer kapa-key' },
  ])
})

test('cold calls that arrive together share one handshake', async () => {
  const kapa = world.createKapa()
  const answers = await Promise.all(['a', 'b', 'c'].map((query) => kapa.ask(query, { user: undefined, signal })))
  expect(answers).toMatchObject(['a', 'b', 'c'].map((query) => ({ result: { content: [{ text: `about ${query}` }] } })))
  expect(world.handshakes()).toBe(1)
})

test('content, data and isError come back unchanged, and nothing else: a client would take a challenge from Kapa for one from this server [S-19]', async () => {
  const result = {
    content: [
      { type: 'text', text: '{"source_url":"https://x"}', annotations: { priority: 1 } },
      { type: 'resource_link', uri: 'https://x', name: 'x', _meta: { rank: 1 } },
    ],
    structuredContent: { hits: [1, 2] },
    isError: false,
  }
  const more = {
    _meta: { 'mcp/www_authenticate': ['Bearer resource_metadata="https://evil.example"'] },
    inputRequests: {},
    cacheScope: 'public',
  }
  world.failing(1, () => rpcResult({ ...result, ...more }))
  expect(await world.createKapa().ask('how?', { user, signal })).toEqual({ kind: 'answer', result })
})

describe('failures', () => {
  test.each([
    ['a refused key', rpcError(401, 'bad key'), 'HTTP 401'],
    ['HTTP 501', () => new Response('boom', { status: 501 }), 'HTTP 501'],
    ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } }), 'not an MCP answer'],
    ['JSON that is not a message', () => Response.json({ hello: 1 }), 'not an MCP answer'],
    ['broken JSON', () => new Response('{', { headers: { 'content-type': 'application/json' } }), 'not an MCP answer'],
    [
      'a result that no tool gives',
      () => Response.json({ jsonrpc: '2.0', id: 1, result: { content: 7 } }),
      'not an MCP answer',
    ],
    [
      'more than 2.5 MB',
      () => rpcResult({ content: [{ type: 'text', text: 'x'.repeat(2_700_000) }] }),
      'not an MCP answer',
    ],
    [
      'an unknown tool',
      () => Response.json({ jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'x' } }),
      'error -32602',
    ],
  ])('%s is an error of Kapa, which this server logs once and in its own words', async (_name, respond, detail) => {
    world.failing(9, respond)
    expect(await world.createKapa().ask('a private question', { user, signal })).toEqual({
      kind: 'failure',
      code: 'upstream_error',
      detail,
      durationMs: expect.any(Number),
      ...(/401|403|400|-32602/.test(detail) && { permanent: true }),
    })
    expect(world.callsTried()).toBe(1)
    expect(world.lines).toEqual([expect.objectContaining({ event: 'kapa_failed', detail, code: 'upstream_error' })])
    expect(JSON.stringify(world.lines)).not.toMatch(/private question|kapa-key|ada@/)
  })

  test('a redirect is not followed, so that the API key is not sent elsewhere [S-09]', async () => {
    world.failing(
      9,
      () => new Response(null, { status: 307, headers: { location: `${world.searchServer.url}/elsewhere` } }),
    )
    expect(await world.createKapa().ask('how?', { user, signal })).toMatchObject({ detail: 'HTTP 307' })
    expect(world.searchServer.calls).toEqual([])
  })

  test('an address without a server is a connection failure', async () => {
    const gone = await startSearchServer()
    await gone.stop()
    expect(await world.createKapa({ url: gone.url }).ask('how?', { user, signal })).toMatchObject({
      code: 'upstream_error',
      detail: 'connection failed',
    })
  })

  test('two attempts without an answer are a timeout, and both calls are cancelled', async () => {
    // Time passes only where this test advances it, however slow the machine is.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const tries = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const abandoned: Promise<void>[] = []
    world.failing(9, (request) => {
      abandoned.push(new Promise((resolve) => request.signal.addEventListener('abort', () => resolve())))
      tries[world.callsTried() - 1]?.resolve()
      return never(request)
    })
    const answer = world.createKapa({ callTimeout: 300 }).ask('how?', { user, signal })
    for (const { promise } of tries) {
      await promise
      vi.advanceTimersByTime(300)
    }
    expect(await answer).toMatchObject({ kind: 'failure', code: 'timeout', detail: 'no answer in time' })
    await Promise.all(abandoned)
    expect(abandoned).toHaveLength(2)
    expect(world.searchServer.methods).toContain('notifications/cancelled')
  })

  test('a handshake that hangs is a timeout, also when only its second half does', async () => {
    for (const method of ['initialize', 'notifications/initialized']) {
      world.failing(2, never, method)
      const answer = await world.createKapa({ connectTimeout: 60 }).ask('how?', { user, signal })
      expect(answer).toMatchObject({ kind: 'failure', code: 'timeout' })
    }
  })

  test('the total time limit includes the second attempt', async () => {
    // Time passes only where this test advances it, however slow the machine is.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const tries = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    world.failing(9, (request) => {
      tries[world.callsTried() - 1]?.resolve()
      return never(request)
    })
    const asked = world.createKapa({ callTimeout: 300, totalTimeout: 400 }).ask('how?', { user, signal })
    await tries[0]?.promise
    vi.advanceTimersByTime(300)
    await tries[1]?.promise
    vi.advanceTimersByTime(100)
    expect(await asked).toMatchObject({ kind: 'failure', code: 'timeout', durationMs: 400 })
    expect(world.callsTried()).toBe(2)
  })

  test('a handshake outlives the caller that started it; callers that share it get its result, and the next call starts a new one', async () => {
    const kapa = world.createKapa()
    const gone = new AbortController()
    const refuse = Promise.withResolvers<Response>()
    world.failing(
      1,
      () => {
        gone.abort()
        return refuse.promise
      },
      'initialize',
    )
    expect(await kapa.ask('how?', { user, signal: gone.signal })).toMatchObject({ kind: 'failure' })
    const next = kapa.ask('how?', { user, signal })
    refuse.resolve(new Response('', { status: 401 }))
    expect(await next).toMatchObject({ detail: 'HTTP 401' })
    expect(await kapa.ask('how?', { user, signal })).toEqual(answered)
  })

  test('a caller that disconnects ends its call at once, and the connection stays open for other callers', async () => {
    const kapa = world.createKapa()
    await kapa.ask('how?', { user, signal })
    const gone = new AbortController()
    world.failing(1, (request) => {
      gone.abort()
      return never(request)
    })
    expect(await kapa.ask('how?', { user, signal: gone.signal })).toMatchObject({ kind: 'failure' })
    expect(await kapa.ask('how?', { user, signal: AbortSignal.abort() })).toMatchObject({ kind: 'failure' })
    expect(await kapa.ask('how?', { user, signal })).toEqual(answered)
    expect(world.handshakes()).toBe(1)
  })
})

test('an event stream may carry comments, empty events and notifications before the answer, and this server closes it after the answer', async () => {
  const result = { content: [{ type: 'text', text: 'streamed' }] }
  const closed = Promise.withResolvers<void>()
  world.failing(1, (request) => {
    request.signal.addEventListener('abort', () => closed.resolve())
    return eventStream(
      [
        ': ping\n\n',
        'id: 1\ndata:\n\n',
        'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}\n\n',
        `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id: 1, result })}\n\n`,
      ].join(''),
      'open',
    )
  })
  expect(await world.createKapa().ask('how?', { user, signal })).toEqual({ kind: 'answer', result })
  await closed.promise
})

test.each([
  ['CR', '\r'],
  ['CRLF', '\r\n'],
  ['LF', '\n'],
])('lines that end by %s are read as they arrive, while the stream stays open', async (_name, end) => {
  const result = { content: [{ type: 'text', text: 'streamed' }] }
  const answer = JSON.stringify({ jsonrpc: '2.0', id: 1, result })
  world.failing(1, () => eventStream(['event: ping', 'data: 1', '', `data: ${answer}`, '', ''].join(end), 'open'))
  const kapa = world.createKapa({ callTimeout: 60_000, totalTimeout: 90_000 })
  expect(await kapa.ask('how?', { user, signal })).toEqual({ kind: 'answer', result })
})

test('an event that the stream ends in the middle of its last line end is read', async () => {
  const result = { content: [{ type: 'text', text: 'streamed' }] }
  for (const end of ['', '\n', '\r']) {
    world.failing(1, () => eventStream(`data: ${JSON.stringify({ jsonrpc: '2.0', id: 1, result })}${end}`))
    expect(await world.createKapa().ask('how?', { user, signal })).toEqual({ kind: 'answer', result })
  }
})

test('a request from the upstream server gets no answer: it could otherwise make this server send without end', async () => {
  const flood = Array.from({ length: 500 }, (_, id) => `data: {"jsonrpc":"2.0","id":"p${id}","method":"ping"}\n\n`)
  const result = { content: [{ type: 'text', text: 'streamed' }] }
  world.failing(1, () =>
    eventStream([...flood, `data: ${JSON.stringify({ jsonrpc: '2.0', id: 1, result })}\n\n`].join('')),
  )
  const kapa = world.createKapa()
  expect(await kapa.ask('how?', { user, signal })).toEqual({ kind: 'answer', result })
  // Everything sent in the meantime has arrived when a second question is answered.
  await kapa.ask('how?', { user, signal })
  expect(world.searchServer.methods).toEqual(['initialize', 'notifications/initialized', 'tools/call', 'tools/call'])
})

test('an answer that is nested too deeply is a failure like any other', async () => {
  const deep = `${'['.repeat(9_000)}${']'.repeat(9_000)}`
  const json = `{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"a":${deep}}}}`
  world.failing(1, () => new Response(json, { headers: { 'content-type': 'application/json' } }))
  expect(await world.createKapa().ask('how?', { user, signal })).toMatchObject({ detail: 'not an MCP answer' })
  expect(world.lines).toEqual([expect.objectContaining({ event: 'kapa_failed' })])
})

test('a server with sessions gets its session id and the protocol version that it chose', async () => {
  const seen: (string | null)[][] = []
  world.searchServer.intercept = (method, request) => {
    seen.push([method, request.headers.get('mcp-session-id'), request.headers.get('mcp-protocol-version')])
    if (method !== 'initialize') return undefined
    const result = { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 's', version: '1' } }
    return Response.json({ jsonrpc: '2.0', id: 0, result }, { headers: { 'mcp-session-id': 'session-1' } })
  }
  await world.createKapa().ask('how?', { user, signal })
  expect(seen).toEqual([
    ['initialize', null, null],
    ['notifications/initialized', 'session-1', '2025-06-18'],
    ['tools/call', 'session-1', '2025-06-18'],
  ])
})

describe('the user that Kapa is told about', () => {
  const token: AccessToken = { sub: 's', clientId: 'c', scope: [], grant: 'g', jti: 'j', expiresAt: 0 }
  test.each([
    [undefined, undefined],
    [token, undefined],
    [{ ...token, organization: { name: 'Acme' } }, undefined],
    [
      { ...token, email: 'a@B.Example' },
      { email: 'a@B.Example', company_name: 'b.example' },
    ],
    [
      { ...token, email: 'a@b.example', organization: { id: 'org' } },
      { email: 'a@b.example', company_name: 'b.example' },
    ],
    [
      { ...token, email: 'a@b.example', organization: { name: 'Acme' } },
      { email: 'a@b.example', company_name: 'Acme' },
    ],
    [{ ...token, email: 'nobody' }, { email: 'nobody' }],
  ])('for %j is %j', (from, expected) => {
    expect(kapaUser(from)).toEqual(expected)
  })
})
