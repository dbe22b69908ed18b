import * as v from 'valibot'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { kapaProjectId } from '../../dev/kapa/server.ts'
import type { CallFault, McpFaults } from '../../dev/mcp/faults.ts'
import { answerIn, callTool, failureIn, type McpAnswer } from '../support/mcp.ts'
import { newAddress, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Kapa and the hub behave oddly but are not broken, through the artifact: the caller still gets the answer. */

const ask = 'ask_redpanda_question'
const form = 'application/x-www-form-urlencoded'
const search = 'search_api_reference'
const text = 'What is a grant?'

interface Asking {
  readonly stack: Stack
  readonly token: string
}
let usual: Asking
/** Its questions go to Kapa's REST API. */
let restful: Asking

async function startAsking(settings: Readonly<Record<string, string>> = {}): Promise<Asking> {
  const stack = await startStack({ settings: { MCP_USER_LIMIT: '1000', ...settings } })
  const scope = 'docs:read docs:feedback'
  const { accessToken: token } = await obtainTokens(await registerClient(stack.url), newAddress(), { scope })
  return { stack, token }
}
const call = ({ stack, token }: Asking, tool: string, args: object) => callTool(stack.mcpUrl, tool, args, token)

beforeAll(async () => {
  ;[usual, restful] = await Promise.all([startAsking(), startAsking({ KAPA_PROJECT_ID: kapaProjectId })])
})
afterEach(() => {
  for (const { kapa, hub } of [usual.stack, restful.stack]) {
    kapa.reset()
    hub.reset()
  }
})
afterAll(() => Promise.all([usual, restful].map((asking) => asking?.stack.stop())))

interface Service {
  readonly name: string
  readonly use: () => Promise<McpAnswer>
  readonly faults: () => McpFaults
  readonly tried: () => number
  readonly forgetSessions: () => Promise<void>
}
const kapa: Service = {
  name: 'Kapa',
  use: () => call(usual, ask, { question: text }),
  faults: () => usual.stack.kapa.faults,
  tried: () => usual.stack.kapa.calls().length,
  forgetSessions: () => usual.stack.kapa.forgetSessions(),
}
const hub: Service = {
  name: 'the API-reference hub',
  use: () => call(usual, search, { query: 'topic' }),
  faults: () => usual.stack.hub.faults,
  tried: () => usual.stack.hub.calls().length,
  forgetSessions: () => usual.stack.hub.forgetSessions(),
}
const rest: Service = {
  name: 'Kapa’s REST API',
  use: () => call(restful, ask, { question: text }),
  faults: () => restful.stack.kapa.faults,
  tried: () => restful.stack.kapa.calls().length,
  forgetSessions: () => restful.stack.kapa.forgetSessions(),
}

/** A new instance has no connection yet. */
async function onNewInstance(): Promise<void> {
  await usual.stack.hosts()[0]?.kill()
  await usual.stack.restartHost(0)
}

/** Events that may precede the answer in an event stream. */
const noise: readonly (readonly [what: string, before: string, lineEnd?: '\n' | '\r\n' | '\r'])[] = [
  ['a ping', 'event: ping\ndata: {}\n\n'],
  ['a ping with a time', 'event: ping\ndata: 2026-11-30T08:00:00Z\n\n'],
  ['a heartbeat without a space', 'event:heartbeat\ndata:1\n\n'],
  ['a hundred heartbeats', 'event: heartbeat\ndata: {"jsonrpc":"2.0"}\n\n'.repeat(100)],
  ['an event of another name that holds a message', 'event: debug\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'],
  ['the address of an older transport', 'event: endpoint\ndata: /messages?sessionId=1\n\n'],
  ['comments', ': alive\n\n:\n\n:ping\n'],
  ['an event without data', 'id: 7\ndata:\n\n'],
  ['a name without data', 'event: message\n\n'],
  ['when to reconnect', 'retry: 3000\nid: 1\n\nretry: soon\n\n'],
  ['unknown fields', 'foo: bar\nfoo\n\n'],
  ['unnamed text', 'data: ping\n\n'],
  ['half of JSON', 'data: {"jsonrpc":"2.0",\n\n'],
  ['JSON that is not a message', 'data: {"type":"ping"}\n\ndata: null\n\ndata: 7\n\ndata: []\n\n'],
  ['a message without a version', 'data: {"id":0,"result":{"content":[]}}\n\n'],
  ['notifications', 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}\n\n'],
  ['a notification without parameters', 'event: message\ndata: {"jsonrpc":"2.0","method":"x","params":null}\n\n'],
  ['a question to us', 'data: {"jsonrpc":"2.0","id":"p","method":"ping"}\n\n'],
  ['the answer to another question', 'data: {"jsonrpc":"2.0","id":"other","result":{"content":[]}}\n\n'],
  ['a byte order mark', '\ufeff: hello\n\n'],
  ['a line end by CRLF', ': hello\r\n\r\nevent: ping\r\ndata: 1\r\n\r\n', '\r\n'],
  ['a line end by CR alone', ': hello\r\revent: ping\rdata: 1\r\r', '\r'],
  ['line ends of every kind', 'event: ping\rdata: 1\r\n\n\r: x\n\r\n', '\r'],
]

describe.each([kapa, hub])('$name sends an event stream with', ({ use, faults, tried }) => {
  const noises = noise.map(([what, before, lineEnd]) => ({ what, before, lineEnd }))
  test.each(noises)('$what before the answer: the caller gets the answer at once', async ({ before, lineEnd }) => {
    faults().call = { kind: 'noise', before, lineEnd }
    answerIn(await use())
    expect(tried()).toBe(1)
  })

  test('all of these before the answer to the handshake, and to the call', async () => {
    await onNewInstance()
    const before = noise.filter(([, before]) => !before.startsWith('\ufeff')).map(([, before]) => before)
    faults().connect = { kind: 'noise', before: before.join('') }
    faults().call = { kind: 'noise', before: before.join('') }
    answerIn(await use())
    expect(tried()).toBe(1)
  })
})

/** The answers of servers that do not know a session. */
const lost: readonly (readonly [what: string, answer: NonNullable<McpFaults['lostSession']>])[] = [
  ['404', { status: 404, text: '' }],
  ['404 in words', { status: 404, text: 'Not Found' }],
  ['410', { status: 410, text: 'Gone' }],
  ['400 in words', { status: 400, text: 'Bad Request: No valid session ID provided' }],
  ['400 without a body', { status: 400, text: '' }],
  ['400 in other words', { status: 400, text: 'Bad Request' }],
  [
    '400 of a server that restarts',
    { status: 400, error: { code: -32_000, message: 'Bad Request: Server not initialized' }, anonymous: true },
  ],
  ['401 in words', { status: 401, text: '{"error":"session_expired"}' }],
  ['403 in words', { status: 403, text: 'Invalid Session-Id' }],
  ['409 in words', { status: 409, text: 'the session has been closed' }],
  ['422 in words', { status: 422, text: 'mcp-session-id is unknown' }],
  ['500 in words', { status: 500, text: 'No transport found for this client' }],
  ['200 with an error', { status: 200, error: { code: -32_001, message: 'Session not found' } }],
  [
    '200 with an unrelated error',
    { status: 200, error: { code: -32_000, message: 'Unknown session' }, anonymous: true },
  ],
  [
    '200 with an error of an unready server',
    { status: 200, error: { code: -32_602, message: 'Received request before initialization was complete' } },
  ],
  [
    '200 with an error whose reason stands apart',
    {
      status: 200,
      text: '{"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"Invalid params","data":{"why":"unknown session"}}}',
    },
  ],
  ['200 with JSON that is not a message', { status: 200, text: '{"error":"unknown session"}' }],
]

describe.each([kapa, hub])('when $name', ({ use, faults, tried, forgetSessions }) => {
  /** Makes a session, whatever was before. Returns how often the service was asked until then. */
  async function inSession(): Promise<number> {
    faults().sessions = true
    answerIn(await use())
    return tried()
  }
  beforeAll(onNewInstance)

  test.each(lost)('has lost the session and answers %s, we open a new one', async (_what, answer) => {
    const before = await inSession()
    faults().lostSession = answer
    await forgetSessions()
    answerIn(await use())
    // One refused call, and one in the new session. Then the count stays.
    expect(tried() - before).toBe(2)
    answerIn(await use())
    expect(tried() - before).toBe(3)
  })

  test('refuses every call in every session, it is asked exactly twice', async () => {
    await inSession()
    for (const [status, message] of [
      [400, /trying again will not help/],
      [410, /failed/],
    ] as const) {
      faults().call = { kind: 'status', status }
      const before = tried()
      expect(failureIn(await use())).toMatchObject({
        detail: `HTTP ${status}`,
        message: expect.stringMatching(message),
      })
      expect(tried() - before).toBe(2)
    }
  })
})

describe.each([kapa, hub, rest])('when $name', ({ use, faults, tried }) => {
  test.each([404, 408, 425, 500, 502, 503, 504, 520, 522, 524, 529])(
    'answers %i once, the caller still gets the answer',
    async (status) => {
      faults().call = { kind: 'status', status, times: 1 }
      answerIn(await use())
      expect(tried()).toBe(2)
    },
  )
})

const good = v.object({
  passages: v.array(v.looseObject({ source_url: v.optional(v.string()), content: v.string() })),
})
const passagesIn = async (use: () => Promise<McpAnswer>) => v.parse(good, answerIn(await use())).passages

/** Odd passages among good ones, and the usable part of them. */
const oddPassages: readonly (readonly [what: string, odd: unknown, usable?: object])[] = [
  ['without address', { content: 'words' }, { content: 'words' }],
  ['whose address is null', { source_url: null, content: 'words' }, { content: 'words' }],
  ['whose address is a number', { source_url: 7, content: 'words' }, { content: 'words' }],
  ['whose address is empty', { source_url: '', content: 'words' }, { content: 'words' }],
  [
    'with members that are null',
    { source_url: 'https://docs.example.com/', content: 'words', title: null },
    { source_url: 'https://docs.example.com/', content: 'words' },
  ],
  [
    'with unknown members',
    { source_url: 'https://docs.example.com/', content: 'words', score: 0.5 },
    { source_url: 'https://docs.example.com/', content: 'words', score: 0.5 },
  ],
  ['without content', { source_url: 'https://docs.example.com/' }],
  ['whose content is null', { source_url: 'https://docs.example.com/', content: null }],
  ['whose content is a list', { content: ['words'] }],
  ['that is null', null],
  ['that is a list', [[]]],
  ['that is a number', 7],
  ['that is nested too deep', { content: 'words', a: JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) }],
]

describe('a passage', () => {
  test.each(oddPassages)('of the REST API %s: the others remain', async (_what, odd, usable) => {
    const usually = await passagesIn(rest.use)
    rest.faults().call = { kind: 'odd-items', items: [odd] }
    expect(await passagesIn(rest.use)).toEqual([...(usable ? [usable] : []), ...usually])
  })

  test.each(oddPassages.filter(([, , usable]) => usable))(
    'of the MCP server %s: unchanged',
    async (_what, odd, usable) => {
      const usually = await passagesIn(kapa.use)
      kapa.faults().call = { kind: 'odd-items', items: [{ type: 'text', text: JSON.stringify(odd) }] }
      expect(await passagesIn(kapa.use)).toEqual([usable, ...usually])
    },
  )

  test.each<[string, unknown]>([
    ['null', null],
    ['a string', 'words'],
    ['of no type', { text: 'words' }],
    ['of a type that is not known', { type: 'video', url: 'https://docs.example.com/' }],
    ['a text that is null', { type: 'text', text: null }],
    ['a text that is a number', { type: 'text', text: 7 }],
    ['a picture without data', { type: 'image', mimeType: 'image/png' }],
    ['a link without an address', { type: 'resource_link', name: 'a page' }],
    ['a resource that is empty', { type: 'resource', resource: {} }],
    ['nested too deep', { type: 'text', text: 'x', a: JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) }],
  ])('in the content of an answer that is %s does not affect the others', async (_what, odd) => {
    for (const { use, faults } of [kapa, hub]) {
      const usually = answerIn(await use())
      faults().call = { kind: 'odd-items', items: [odd] }
      expect(answerIn(await use())).toEqual(usually)
    }
  })

  test('with null members beside its text counts as a text', async () => {
    const item = { type: 'text', text: 'words', annotations: null, _meta: null }
    kapa.faults().call = { kind: 'odd-items', items: [item] }
    expect((await passagesIn(kapa.use))[0]).toEqual({ content: 'words' })
  })
})

/** Characters that break some readers of text, JSON or lines, and their replacements. */
const texts: readonly (readonly [what: string, sent: string, received: string])[] = [
  ['a high surrogate alone', 'a\ud83d', 'a\ufffd'],
  ['a low surrogate alone', '\ude00b', '\ufffdb'],
  ['surrogates in the wrong order', '\ude00\ud83d', '\ufffd\ufffd'],
  ['a surrogate pair', '\ud83d\ude00', '\ud83d\ude00'],
  ['NUL', 'a\u0000b', 'a\ufffdb'],
  ['ESC', '\u001b[31mred', '\ufffd[31mred'],
  ['a control of C1', 'it\u0092s', 'it\ufffds'],
  ['NEL', 'a\u0085b', 'a\ufffdb'],
  ['a vertical tab', 'a\u000bb', 'a\ufffdb'],
  ['a line separator', 'a\u2028b', 'a\u2028b'],
  ['a paragraph separator', 'a\u2029b', 'a\u2029b'],
  ['tab and line ends', 'a\tb\r\nc', 'a\tb\r\nc'],
  ['a backslash before the text of a surrogate escape', 'a\\ud83d', 'a\\ud83d'],
]

describe('a message with', () => {
  const items = (sent: string): CallFault => ({
    kind: 'odd-items',
    items: [
      { type: 'text', text: JSON.stringify({ content: sent, [sent]: 1 }) },
      { type: 'text', text: sent },
    ],
  })

  test.each(texts)('%s arrives in a form that every client can read', async (_what, sent, received) => {
    kapa.faults().call = items(sent)
    for (const accept of ['application/json, text/event-stream', 'text/event-stream, application/json']) {
      const response = await fetch(usual.stack.mcpUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${usual.token}` },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: ask, arguments: { question: text }, _meta: { progressToken: 1 } },
        }),
      })
      const bytes = new Uint8Array(await response.arrayBuffer())
      const answer = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
      const json = /^data: (\{.*)$/m.exec(answer)?.[1] ?? answer
      // Lines as Python’s `splitlines` splits them.
      expect(json.split(/[\n\r\v\f\x85\u2028\u2029]/)).toHaveLength(1)
      expect(json.replaceAll('\\\\', '')).not.toMatch(/\\ud[89a-f]/i)
      const { structuredContent, content } = JSON.parse(json).result
      expect(structuredContent.passages.slice(0, 2)).toEqual([
        { content: received, [received]: 1 },
        { content: received },
      ])
      expect(content[1].text).toBe(received)
      expect(content[0].text.isWellFormed() && JSON.parse(content[0].text).content.isWellFormed()).toBe(true)
    }
  })

  test.each(texts)('%s in feedback is clean when it is sent', async (_what, sent, received) => {
    await call(usual, 'submit_documentation_feedback', { feedback: `x${sent}x` })
    // A form has CRLF for every line end.
    const lines = (text: unknown) => String(text).replaceAll(/\r\n?|\n/g, '\n')
    expect(lines(usual.stack.forms.submissions().at(-1)?.body.feedback)).toBe(lines(`x${received}x`))
  })

  test.each(texts)('%s in a request is clean wherever the answer or the log repeats it', async (_what, sent) => {
    const { url, logs } = usual.stack
    const bytesOf = async (path: string, body: string, type: string) => {
      const response = await fetch(url + path, { method: 'POST', headers: { 'content-type': type }, body })
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await response.arrayBuffer())
    }
    const metadata = JSON.stringify({ client_name: `x${sent}x`, redirect_uris: ['http://127.0.0.1/callback'] })
    const message = JSON.stringify({ jsonrpc: '2.0', id: 1, method: `x${sent}x`, params: { name: sent } })
    const answers = [
      await bytesOf('/oauth/register', metadata, 'application/json'),
      await bytesOf('/oauth/token', `grant_type=${encodeURIComponent(sent.toWellFormed())}`, form),
      await bytesOf('/mcp', message, 'application/json'),
    ]
    for (const answer of [...answers, ...logs]) {
      expect(answer.split(/[\n\r\v\f\x85\u2028\u2029]/)).toHaveLength(1)
      expect(answer.replaceAll('\\\\', '')).not.toMatch(/\\ud[89a-f]/i)
    }
    for (const answer of answers) expect(() => JSON.parse(answer)).not.toThrow()
  })

  test.each(texts)('%s in a question is clean when it is asked', async (_what, sent, received) => {
    for (const [asking, service] of [
      [usual, kapa],
      [restful, rest],
    ] as const) {
      await call(asking, ask, { question: `x${sent}x` })
      expect(service.tried()).toBeGreaterThan(0)
      expect(asking.stack.kapa.calls().at(-1)?.query).toBe(`x${received}x`)
    }
  })
})
