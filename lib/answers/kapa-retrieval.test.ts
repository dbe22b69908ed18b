import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { never, user } from '../../dev/worlds/kapa.ts'
import { createTestEndpoint, type LogLine, type Served, serve } from '../../dev/worlds/mcp-endpoint.ts'
import { ask, post, resultOf } from '../../dev/worlds/mcp-requests.ts'
import { recorded } from '../../dev/worlds/recording.ts'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { askQuestion } from '../mcp/tools/ask-question.ts'
import { createKapaRetrieval, type KapaRetrievalOptions } from './kapa-retrieval.ts'

const signal = new AbortController().signal
const apiKey = 'kapa-rest-key'
const found = [
  { source_url: 'https://docs.example.com/a', content: '# A\n\nFirst.' },
  { source_url: 'https://docs.example.com/b', content: 'Second.' },
]
const answered = {
  kind: 'answer',
  result: { content: found.map((passage) => ({ type: 'text', text: JSON.stringify(passage) })) },
}

interface Asked {
  readonly method: string
  readonly path: string
  readonly key: string | null
  readonly type: string | null
  readonly body: Readonly<Record<string, unknown>>
}

let api: Served
const asked: Asked[] = []
const lines: LogLine[] = []
/** Answers each request according to the number of requests before it. */
let respond: (earlier: number, request: Request) => Response | Promise<Response>

beforeAll(async () => {
  keepSecret(apiKey)
  api = await serve(async (request) => {
    const { method, url, headers } = request
    asked.push({
      method,
      path: new URL(url).pathname,
      key: headers.get('x-api-key'),
      type: headers.get('content-type'),
      body: await request.clone().json(),
    })
    return respond(asked.length - 1, request)
  })
})
afterAll(() => api.stop())
beforeEach(() => {
  asked.length = 0
  lines.length = 0
  respond = () => Response.json(found)
})

const kapa = (changes: Partial<KapaRetrievalOptions> = {}) =>
  createKapaRetrieval({
    url: api.url,
    projectId: 'project-1',
    integrationId: undefined,
    apiKey,
    log: recorded((event, fields) => lines.push({ event, ...fields })),
    ...changes,
  })

/** Answers the first request with this response, and later requests as usual. */
const once = (response: () => Response | Promise<Response>) => (earlier: number) =>
  earlier === 0 ? response() : Response.json(found)

test('a question goes to the project with our own key, and each passage comes back as the hosted server gives it [S-08]', async () => {
  expect(await kapa().ask('how?', { user, signal })).toEqual(answered)
  expect(asked).toEqual([
    {
      method: 'POST',
      path: '/query/v1/projects/project-1/retrieval/',
      key: apiKey,
      type: 'application/json',
      body: {
        query: 'how?',
        top_k: 5,
        user: { email: 'ada@example.org', metadata: { company_name: 'Analytical Engines' } },
      },
    },
  ])
  expect(lines).toEqual([{ event: 'kapa_answered', durationMs: expect.any(Number), user: true, isError: false }])
})

test('an anonymous caller is sent without a user, and a user without a known company is sent without one', async () => {
  await kapa().ask('how?', { user: undefined, signal })
  await kapa().ask('how?', { user: { email: 'ada' }, signal })
  expect(asked.map(({ body }) => body)).toEqual([
    { query: 'how?', top_k: 5 },
    { query: 'how?', top_k: 5, user: { email: 'ada' } },
  ])
})

test('the base may have a path, or end in a slash; the integration is named where there is one', async () => {
  await kapa({ url: `${api.url}/gateway/`, integrationId: 'integration-1' }).ask('how?', { user: undefined, signal })
  expect(asked).toMatchObject([
    { path: '/gateway/query/v1/projects/project-1/retrieval/', body: { integration_id: 'integration-1' } },
  ])
})

test.each([
  [undefined, 5],
  [1, 1],
  [15, 15],
  [0, 1],
  [-7, 1],
  [16, 15],
  [1e300, 15],
  [3.9, 3],
])('top_k %s is %s for Kapa, which takes 1 to 15', async (topK, expected) => {
  await kapa().ask('how?', { user: undefined, topK, signal })
  expect(asked[0]?.body).toMatchObject({ top_k: expected })
})

test('the tool answers as it does over MCP: the passages as text, and as data', async () => {
  const access = { signIn: 'never', scopes: [] } as const
  const tool = askQuestion({ name: 'ask_question', title: 'Ask', description: '', access, answerService: kapa() })
  const { fetch } = createTestEndpoint([], api, { tools: [tool] })
  const { result } = await resultOf(await fetch(post(ask('how?', { top_k: 2 }))))
  expect(result).toMatchObject({ ...answered.result, structuredContent: { passages: found } })
  expect(asked).toMatchObject([{ body: { query: 'how?', top_k: 2 } }])
})

describe('a request is repeated', () => {
  test.each([
    ['429', () => new Response('', { status: 429 })],
    ['429 that says to wait no time', () => new Response('', { status: 429, headers: { 'retry-after': '0' } })],
    ['503', () => Response.json({ detail: 'busy' }, { status: 503 })],
  ])('after %s, still naming the user', async (_name, response) => {
    respond = once(response)
    expect(await kapa().ask('how?', { user, signal })).toEqual(answered)
    expect(asked.map(({ body }) => 'user' in body)).toEqual([true, true])
  })

  test('after an attempt without an answer in time', async () => {
    respond = (earlier, request) => (earlier === 0 ? never(request) : Response.json(found))
    expect(await kapa({ callTimeout: 3000 }).ask('how?', { user, signal })).toEqual(answered)
  })

  test.each([
    ['user', { user: { email: ['Enter a valid email address.'] } }],
    ['metadata', { detail: 'Unexpected metadata.' }],
  ])('without the user where a 400 names %s', async (_name, complaint) => {
    respond = once(() => Response.json(complaint, { status: 400 }))
    expect(await kapa().ask('how?', { user, signal })).toEqual(answered)
    expect(asked.map(({ body }) => 'user' in body)).toEqual([true, false])
  })

  test.each([
    ['names something else', 400, { top_k: ['A valid integer is required.'] }],
    ['is a refusal', 403, { detail: 'The user of this key may not do that.' }],
  ])('but not where an error %s', async (_name, status, complaint) => {
    respond = () => Response.json(complaint, { status })
    expect(await kapa().ask('how?', { user, signal })).toMatchObject({ detail: `HTTP ${status}` })
    expect(asked).toHaveLength(1)
  })
})

describe('failures', () => {
  const json = (text: string) => () => new Response(text, { headers: { 'content-type': 'application/json' } })
  const malformed = 'not a list of passages'

  test.each([
    ['a refused key', () => Response.json({ detail: 'x' }, { status: 401 }), 'HTTP 401'],
    ['HTTP 501', () => new Response('boom', { status: 501 }), 'HTTP 501'],
    ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } }), malformed],
    ['broken JSON', json('[{'), malformed],
    ['an object', json('{"results":[]}'), malformed],
    ['a list of something else', json('[{"source_url":"https://x"}]'), malformed],
    ['a list of holes', json('[null,[],"text",7,{},{"content":""},{"content":null}]'), malformed],
    ['content that is a number', json('[{"source_url":"https://x","content":7}]'), malformed],
    ['an endless answer', json(JSON.stringify([{ ...found[0], content: 'x'.repeat(2_700_000) }])), malformed],
  ])('%s is an error of Kapa, which this server logs once and in its own words', async (_name, response, detail) => {
    respond = response
    expect(await kapa().ask('a private question', { user, signal })).toEqual({
      kind: 'failure',
      code: 'upstream_error',
      detail,
      durationMs: expect.any(Number),
      ...(/401|403|400|-32602/.test(detail) && { permanent: true }),
    })
    expect(asked).toHaveLength(1)
    expect(lines).toEqual([expect.objectContaining({ event: 'kapa_failed', detail, code: 'upstream_error' })])
    expect(JSON.stringify(lines)).not.toMatch(/private question|kapa-rest-key|ada@/)
  })

  test('a limit of minutes is passed on to the client without waiting', async () => {
    respond = () => new Response('', { status: 429, headers: { 'retry-after': '60' } })
    expect(await kapa().ask('how?', { user, signal })).toMatchObject({ detail: 'HTTP 429', retryAfter: 60 })
    expect(asked).toHaveLength(1)
  })

  test('a redirect is not followed, so that the API key is not sent elsewhere [S-09]', async () => {
    respond = () => new Response(null, { status: 307, headers: { location: `${api.url}/elsewhere` } })
    expect(await kapa().ask('how?', { user, signal })).toMatchObject({ detail: 'HTTP 307' })
    expect(asked.map(({ path }) => path)).not.toContain('/elsewhere')
  })

  test('an address without a server is a connection failure', async () => {
    const gone = await serve(async () => new Response())
    await gone.stop()
    expect(await kapa({ url: gone.url }).ask('how?', { user, signal })).toMatchObject({
      code: 'upstream_error',
      detail: 'connection failed',
    })
  })

  test('two attempts without an answer are a timeout, and no third attempt follows', async () => {
    // Time passes only where this test advances it, however slow the machine is.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const tries = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const abandoned: Promise<void>[] = []
    respond = (earlier, request) => {
      abandoned.push(new Promise((resolve) => request.signal.addEventListener('abort', () => resolve())))
      tries[earlier]?.resolve()
      return never(request)
    }
    const answer = kapa({ callTimeout: 300 }).ask('how?', { user, signal })
    for (const { promise } of tries) {
      await promise
      vi.advanceTimersByTime(300)
    }
    expect(await answer).toMatchObject({
      kind: 'failure',
      code: 'timeout',
      detail: 'no answer in time',
    })
    await Promise.all(abandoned)
    expect(abandoned).toHaveLength(2)
  })

  test('an answer that begins and never ends is a timeout too', async () => {
    respond = () =>
      new Response(new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode('[')) }))
    expect(await kapa({ callTimeout: 60 }).ask('how?', { user, signal })).toMatchObject({ code: 'timeout' })
  })

  test('the total time limit includes the second attempt', async () => {
    // Time passes only where this test advances it, however slow the machine is.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const tries = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    respond = (earlier, request) => {
      tries[earlier]?.resolve()
      return never(request)
    }
    const answer = kapa({ callTimeout: 300, totalTimeout: 400 }).ask('how?', { user, signal })
    await tries[0]?.promise
    vi.advanceTimersByTime(300)
    await tries[1]?.promise
    vi.advanceTimersByTime(100)
    expect(await answer).toMatchObject({ kind: 'failure', code: 'timeout', durationMs: 400 })
    expect(asked).toHaveLength(2)
  })

  test('a caller that disconnects ends the request at once', async () => {
    const gone = new AbortController()
    const abandoned = Promise.withResolvers<void>()
    respond = (_earlier, request) => {
      request.signal.addEventListener('abort', () => abandoned.resolve())
      gone.abort()
      return never(request)
    }
    expect(await kapa().ask('how?', { user, signal: gone.signal })).toMatchObject({ kind: 'failure' })
    await abandoned.promise
    expect(asked).toHaveLength(1)
    expect(lines).toMatchObject([{ event: 'kapa_failed', cancelled: true }])
  })
})

describe('what Kapa can do besides', () => {
  const choices = {
    mode: 'deep',
    pruning: true,
    redaction: true,
    clientMeta: true,
    sourceGroups: ['group-1', 'group-2'],
  } as const
  const client = { name: 'Cursor', version: '1.2' }

  test('is asked for as the operator has chosen', async () => {
    await kapa(choices).ask('q', { user: undefined, client, most: 50_000, signal })
    expect(asked[0]?.body).toEqual({
      query: 'q',
      top_k: 5,
      mode: 'deep',
      use_pruning: true,
      redact_query: true,
      mcp_client_meta: client,
      source_group_ids_include: ['group-1', 'group-2'],
      max_chars: 50_000,
    })
  })

  test('is not mentioned otherwise, and neither is a client that says nothing of itself', async () => {
    await kapa().ask('q', { user: undefined, client, most: 700, signal })
    await kapa({ clientMeta: true }).ask('q', { user: undefined, signal })
    expect(asked.map(({ body }) => body)).toEqual(Array(2).fill({ query: 'q', top_k: 5 }))
  })
})

describe('an answer that Kapa writes', () => {
  const written = {
    answer: 'It lasts thirty days.',
    question_answer_id: 'qa-1',
    is_uncertain: false,
    thread_id: 'thread-1',
    relevant_sources: [
      { source_url: 'https://docs.example.com/a', title: 'A' },
      { source_url: 'https://docs.example.com/b', title: null },
      { title: 'without an address' },
      'nothing',
    ],
  }

  test('comes first, with the id that feedback needs; its sources follow', async () => {
    respond = () => Response.json(written)
    const answer = await kapa({ answers: 'written', mode: 'deep', pruning: true }).ask('q', {
      user,
      topK: 3,
      signal,
    })
    const passages = answer.kind === 'answer' ? answer.result.content : []
    expect(passages.map((item) => (item.type === 'text' ? JSON.parse(item.text) : item))).toEqual([
      { content: 'It lasts thirty days.', question_answer_id: 'qa-1', is_uncertain: false },
      { source_url: 'https://docs.example.com/a', content: 'A' },
      { source_url: 'https://docs.example.com/b', content: 'https://docs.example.com/b' },
    ])
    // Kapa refuses members that belong to its search for passages.
    expect(asked).toMatchObject([{ path: '/query/v1/projects/project-1/chat/' }])
    expect(Object.keys(asked[0]?.body ?? {})).toEqual(['query', 'user'])
  })

  test.each([[[]], [{}], [{ answer: ' ' }], [{ answer: 7 }], ['text']])('%j is no answer', async (body) => {
    respond = () => Response.json(body)
    const answer = await kapa({ answers: 'written' }).ask('q', { user: undefined, signal })
    expect(answer).toMatchObject({ kind: 'failure', code: 'upstream_error', detail: 'not an answer' })
  })
})
