import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createKapaClient, type KapaOptions, kapaUser } from './kapa.ts'
import { type LogLine, startUpstream, type Upstream, upstreamTool } from './test-world.ts'

let upstream: Upstream
const user = { email: 'ada@example.org', company_name: 'Analytical Engines' }
const signal = new AbortController().signal
const lines: LogLine[] = []

beforeAll(async () => {
  upstream = await startUpstream()
})
afterAll(() => upstream.stop())
const answerNormally = async (query: string) => ({ content: [{ type: 'text' as const, text: `about ${query}` }] })
afterEach(() => {
  upstream.intercept = undefined
  upstream.answer = answerNormally
  upstream.calls.length = 0
  upstream.methods.length = 0
  lines.length = 0
})

function createKapa(changes: Partial<KapaOptions> = {}) {
  return createKapaClient({
    url: upstream.url,
    apiKey: 'kapa-key',
    toolName: upstreamTool,
    client: { name: 'docs-proxy', version: '1.2.3' },
    connectTimeout: 5_000,
    callTimeout: 1_000,
    totalTimeout: 10_000,
    log: (event, fields) => lines.push({ event, ...fields }),
    ...changes,
  })
}

/** Answers the first `times` calls of the tool (or messages of `method`) in place of the server. */
function failing(times: number, respond: (request: Request) => Response | Promise<Response>, method = 'tools/call') {
  let left = times
  upstream.intercept = (arrived, request) => {
    if (arrived !== method || left === 0) return undefined
    left -= 1
    return respond(request)
  }
}

const rpcError = (status: number, message: string) => () =>
  Response.json({ jsonrpc: '2.0', id: null, error: { code: -32602, message } }, { status })

const rpcResult = (result: object) => Response.json({ jsonrpc: '2.0', id: 1, result })

function never(request: Request): Promise<Response> {
  return new Promise((resolve) => {
    request.signal.addEventListener('abort', () => resolve(new Response(null, { status: 503 })))
  })
}

const callsTried = () => upstream.methods.filter((method) => method === 'tools/call').length
const handshakes = () => upstream.methods.filter((method) => method === 'initialize').length

const answered = { kind: 'answer', result: { content: [{ type: 'text', text: 'about how?' }] } }

test('one connection serves all calls of a warm instance, with our own key and the person in _meta', async () => {
  const kapa = createKapa()
  expect(await kapa.ask('how?', user, signal)).toEqual(answered)
  expect(await kapa.ask('how?', undefined, signal)).toEqual(answered)
  expect(upstream.methods).toEqual(['initialize', 'notifications/initialized', 'tools/call', 'tools/call'])
  expect(upstream.calls).toEqual([
    { query: 'how?', meta: { user }, authorization: 'Bearer kapa-key' },
    { query: 'how?', meta: undefined, authorization: 'Bearer kapa-key' },
  ])
})

test('cold calls that arrive together share one handshake', async () => {
  const kapa = createKapa()
  const answers = await Promise.all(['a', 'b', 'c'].map((query) => kapa.ask(query, undefined, signal)))
  expect(answers).toMatchObject(['a', 'b', 'c'].map((query) => ({ result: { content: [{ text: `about ${query}` }] } })))
  expect(handshakes()).toBe(1)
})

test('the result comes back as the server gave it', async () => {
  const result = {
    content: [
      { type: 'text', text: '{"source_url":"https://x"}', annotations: { priority: 1 } },
      { type: 'resource_link', uri: 'https://x', name: 'x', _meta: { rank: 1 } },
    ],
    structuredContent: { hits: [1, 2] },
    isError: false,
    _meta: { took: 3 },
    unknown: ['kept'],
  }
  failing(1, () => rpcResult(result))
  expect(await createKapa().ask('how?', user, signal)).toEqual({ kind: 'answer', result })
})

describe('once more', () => {
  const passing: [name: string, respond: (request: Request) => Response | Promise<Response>][] = [
    ['429', () => new Response('slow down', { status: 429 })],
    ['503', () => new Response('', { status: 503 })],
    ['a forgotten session', () => new Response('', { status: 404 })],
    ['no answer in time', never],
    ['an event stream that ends early', () => eventStream(': hello\n\n')],
    ['an event stream that breaks', () => eventStream('data: {"jsonrpc"', true)],
  ]

  test.each(passing)('after %s, over a new connection, still naming the person', async (_name, respond) => {
    failing(1, respond)
    expect(await createKapa().ask('how?', user, signal)).toEqual(answered)
    expect([callsTried(), handshakes()]).toEqual([2, 2])
    expect(upstream.calls).toMatchObject([{ meta: { user } }])
  })

  test.each(passing.slice(0, 2))('and not a third time after %s', async (_name, respond) => {
    failing(9, respond)
    expect(await createKapa().ask('how?', user, signal)).toMatchObject({ kind: 'failure', code: 'upstream_error' })
    expect(callsTried()).toBe(2)
  })

  test('after a handshake that failed for the moment', async () => {
    failing(1, () => new Response('', { status: 503 }), 'initialize')
    expect(await createKapa().ask('how?', user, signal)).toEqual(answered)
  })

  test.each([
    ['an HTTP error', rpcError(400, 'unexpected field _meta')],
    [
      'a JSON-RPC error',
      () => Response.json({ jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'bad metadata' } }),
    ],
  ])('without the person where %s complains about _meta', async (_name, respond) => {
    failing(1, respond)
    expect(await createKapa().ask('how?', user, signal)).toEqual(answered)
    expect(upstream.calls).toMatchObject([{ meta: undefined }])
    expect(callsTried()).toBe(2)
  })

  test('without the person where the tool itself complains about _meta', async () => {
    upstream.answer = async (query) =>
      upstream.calls.at(-1)?.meta === undefined
        ? answerNormally(query)
        : { isError: true, content: [{ type: 'text', text: '_meta is not allowed' }] }
    expect(await createKapa().ask('how?', user, signal)).toEqual(answered)
    expect(upstream.calls).toMatchObject([{ meta: { user } }, { meta: undefined }])
  })

  test('but not for a complaint about _meta when there was none', async () => {
    failing(9, rpcError(400, 'unexpected field _meta'))
    expect(await createKapa().ask('how?', undefined, signal)).toMatchObject({ detail: 'HTTP 400' })
    expect(callsTried()).toBe(1)
  })
})

describe('failures', () => {
  test.each([
    ['a refused key', rpcError(401, 'bad key'), 'HTTP 401'],
    ['an error of the server', () => new Response('boom', { status: 500 }), 'HTTP 500'],
    ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } }), 'not an MCP answer'],
    ['JSON that is no message', () => Response.json({ hello: 1 }), 'not an MCP answer'],
    ['broken JSON', () => new Response('{', { headers: { 'content-type': 'application/json' } }), 'not an MCP answer'],
    [
      'no result of a tool',
      () => Response.json({ jsonrpc: '2.0', id: 1, result: { content: 7 } }),
      'not an MCP answer',
    ],
    [
      'more than 4 MB',
      () => rpcResult({ content: [{ type: 'text', text: 'x'.repeat(5_000_000) }] }),
      'not an MCP answer',
    ],
    [
      'an unknown tool',
      () => Response.json({ jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'x' } }),
      'error -32602',
    ],
  ])('%s is an upstream error, told once and in our own words', async (_name, respond, detail) => {
    failing(9, respond)
    expect(await createKapa().ask('a private question', user, signal)).toEqual({
      kind: 'failure',
      code: 'upstream_error',
      detail,
      durationMs: expect.any(Number),
    })
    expect(callsTried()).toBe(1)
    expect(lines).toEqual([expect.objectContaining({ event: 'kapa_failed', detail, code: 'upstream_error' })])
    expect(JSON.stringify(lines)).not.toMatch(/private question|kapa-key|ada@/)
  })

  test('a redirect is not followed: the key stays with us', async () => {
    failing(9, () => new Response(null, { status: 307, headers: { location: `${upstream.url}/elsewhere` } }))
    expect(await createKapa().ask('how?', user, signal)).toMatchObject({ detail: 'connection failed' })
    expect(upstream.calls).toEqual([])
  })

  test('nobody there: a connection failure', async () => {
    const gone = await startUpstream()
    await gone.stop()
    expect(await createKapa({ url: gone.url }).ask('how?', user, signal)).toMatchObject({
      code: 'upstream_error',
      detail: 'connection failed',
    })
  })

  test('no answer twice is a timeout, and the server is told to stop', async () => {
    const abandoned: Promise<void>[] = []
    failing(9, (request) => {
      abandoned.push(new Promise((resolve) => request.signal.addEventListener('abort', () => resolve())))
      return never(request)
    })
    const answer = await createKapa({ callTimeout: 60 }).ask('how?', user, signal)
    expect(answer).toMatchObject({ kind: 'failure', code: 'timeout', detail: 'no answer in time' })
    await Promise.all(abandoned)
    expect(abandoned).toHaveLength(2)
    expect(upstream.methods).toContain('notifications/cancelled')
  })

  test('a handshake that hangs is a timeout, also when only its second half does', async () => {
    for (const method of ['initialize', 'notifications/initialized']) {
      failing(2, never, method)
      const answer = await createKapa({ connectTimeout: 60 }).ask('how?', user, signal)
      expect(answer).toMatchObject({ kind: 'failure', code: 'timeout' })
    }
  })

  test('everything together ends at the total, the second try included', async () => {
    failing(9, never)
    const kapa = createKapa({ callTimeout: 300, totalTimeout: 400 })
    const startedAt = performance.now()
    expect(await kapa.ask('how?', user, signal)).toMatchObject({ kind: 'failure', code: 'timeout' })
    expect(performance.now() - startedAt).toBeLessThan(550)
    expect(callsTried()).toBe(2)
  })

  test('a handshake outlives the caller that began it; whoever shares it learns how it ended, and the next call begins anew', async () => {
    const kapa = createKapa()
    const gone = new AbortController()
    const refuse = Promise.withResolvers<Response>()
    failing(
      1,
      () => {
        gone.abort()
        return refuse.promise
      },
      'initialize',
    )
    expect(await kapa.ask('how?', user, gone.signal)).toMatchObject({ kind: 'failure' })
    const next = kapa.ask('how?', user, signal)
    refuse.resolve(new Response('', { status: 401 }))
    expect(await next).toMatchObject({ detail: 'HTTP 401' })
    expect(await kapa.ask('how?', user, signal)).toEqual(answered)
  })

  test('a caller who goes away ends the call at once, and leaves the connection to the others', async () => {
    const kapa = createKapa()
    await kapa.ask('how?', user, signal)
    const gone = new AbortController()
    failing(1, (request) => {
      gone.abort()
      return never(request)
    })
    expect(await kapa.ask('how?', user, gone.signal)).toMatchObject({ kind: 'failure' })
    expect(await kapa.ask('how?', user, AbortSignal.abort())).toMatchObject({ kind: 'failure' })
    expect(await kapa.ask('how?', user, signal)).toEqual(answered)
    expect(handshakes()).toBe(1)
  })
})

test('an event stream may carry comments, empty events and notifications before the answer; we close it then', async () => {
  const result = { content: [{ type: 'text', text: 'streamed' }] }
  const closed = Promise.withResolvers<void>()
  failing(1, (request) => {
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
  expect(await createKapa().ask('how?', user, signal)).toEqual({ kind: 'answer', result })
  await closed.promise
})

test('a server with sessions is spoken to in its session and in the version it chose', async () => {
  const seen: (string | null)[][] = []
  upstream.intercept = (method, request) => {
    seen.push([method, request.headers.get('mcp-session-id'), request.headers.get('mcp-protocol-version')])
    if (method !== 'initialize') return undefined
    const result = { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 's', version: '1' } }
    return Response.json({ jsonrpc: '2.0', id: 0, result }, { headers: { 'mcp-session-id': 'session-1' } })
  }
  await createKapa().ask('how?', user, signal)
  expect(seen).toEqual([
    ['initialize', null, null],
    ['notifications/initialized', 'session-1', '2025-06-18'],
    ['tools/call', 'session-1', '2025-06-18'],
  ])
})

describe('whom Kapa is told about', () => {
  const token = { sub: 's', clientId: 'c', scope: [], grant: 'g', jti: 'j', expiresAt: 0 }
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
  ])('%j is %j', (from, expected) => {
    expect(kapaUser(from)).toEqual(expected)
  })
})

function eventStream(text: string, end: 'open' | boolean = false): Response {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text))
      if (end === true) controller.error(new Error('broken'))
      if (end === false) controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}
