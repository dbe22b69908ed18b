import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deploySameIssuer } from '../support/deploy.ts'
import { obtainTokens, registerClient } from '../support/oauth-client.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Requests to /mcp as real clients send them, over HTTP. */

let stack: Stack
let token: string

beforeAll(async () => {
  stack = await startStack()
  ;({ accessToken: token } = await obtainTokens(await registerClient(stack.url)))
})
afterAll(() => stack.stop())

type Headers = Readonly<Record<string, string | readonly string[]>>
const tool = 'ask_redpanda_question'
const request = (method: string, params?: unknown) => ({ jsonrpc: '2.0', id: 1, method, params })
const list = request('tools/list', {})
const question = request('tools/call', { name: tool, arguments: { question: 'What is a grant?' } })

const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'client', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}
/** The same message as clients of 2026-07-28 send it. */
function modern(message: ReturnType<typeof request>, meta: object = envelope): { body: object; headers: Headers } {
  const { method, params } = message
  const own = typeof params === 'object' && params !== null ? params : {}
  const name = 'name' in own && typeof own.name === 'string' ? { 'mcp-name': own.name } : {}
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...name }
  return { body: { ...message, params: { ...own, _meta: meta } }, headers }
}

const post = (body: unknown, headers: Headers = {}, url = stack.mcpUrl) =>
  send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const messageOf = (text: string) => JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text)

describe.each(['the wire of 2025', 'the wire of 2026-07-28'])('%s', (wire) => {
  const sent = (message: ReturnType<typeof request>) =>
    wire.includes('2026') ? modern(message) : { body: message, headers: {} }
  const ask = (message: ReturnType<typeof request>, headers: Headers) => {
    const { body, headers: own } = sent(message)
    return post(body, { ...own, ...headers })
  }

  test.each<[accept: string | readonly string[], type: string]>([
    ['application/json', 'application/json'],
    ['application/json, */*', 'application/json'],
    ['application/json, text/plain, */*', 'application/json'],
    ['*/*', 'application/json'],
    ['*/*;q=0.8', 'application/json'],
    ['APPLICATION/*', 'application/json'],
    ['application/json, text/event-stream;q=0', 'application/json'],
    ['text/event-stream', 'text/event-stream'],
    ['Text/*', 'text/event-stream'],
    ['text/event-stream;q=0.9, application/json;q=0.1', 'text/event-stream'],
    ['*/*, application/json;q=0', 'text/event-stream'],
    [['text/html', 'text/event-stream'], 'text/event-stream'],
    ['Application/JSON, Text/Event-Stream', ''],
    [['application/json', 'text/event-stream'], ''],
  ])('Accept: %j is answered in it [S-12]', async (accept, type) => {
    for (const message of [list, question]) {
      const response = await ask(message, { accept })
      const text = await response.text()
      expect([response.status, messageOf(text).result === undefined]).toEqual([200, false])
      expect(response.headers.get('content-type')).toContain(type)
    }
  })

  test.each(['application/json, text/event-stream', 'text/event-stream', '*/*'])(
    'MCP_EVENT_STREAMS=false: Accept: %s is answered with one JSON document, and a question with progress too [F-004-08]',
    async (accept) => {
      const { url } = await deploySameIssuer(stack, { MCP_EVENT_STREAMS: 'false' })
      // A user of their own, so that these calls count for no other test.
      const { accessToken } = await obtainTokens(await registerClient(stack.url))
      for (const message of [list, question]) {
        const { body, headers } = wire.includes('2026')
          ? modern(message, { ...envelope, progressToken: 1 })
          : {
              body: { ...message, params: Object.assign({ _meta: { progressToken: 1 } }, message.params) },
              headers: {},
            }
        const answer = await post(body, { ...headers, accept, authorization: `Bearer ${accessToken}` }, `${url}/mcp`)
        expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json'])
        expect(await answer.json()).toMatchObject({ id: 1, result: expect.any(Object) })
      }
    },
  )

  test.each(['text/html', 'application/json;q=0, text/event-stream;q=0.0', '*/*;q=0', 'application/xml, text/plain'])(
    'Accept: %s allows neither form: 406, and Kapa is not asked [S-12]',
    async (accept) => {
      const calls = stack.kapa.calls().length
      const response = await ask(question, { accept })
      expect([response.status, await response.text()]).toEqual([
        406,
        expect.stringMatching(/application\/json.*event-stream/),
      ])
      expect(stack.kapa.calls()).toHaveLength(calls)
      expect((await ask(question, { accept, authorization: 'Bearer bad' })).status).toBe(401)
    },
  )

  test.each<[what: string, message: ReturnType<typeof request>]>([
    ['params: null', request('tools/call', null)],
    ['params: []', request('tools/call', [])],
    ['a name of null', request('tools/call', { name: null })],
    ['a name that is a number', request('tools/call', { name: 5 })],
    ['arguments that are a text', request('tools/call', { name: tool, arguments: 'x' })],
    ['arguments that are a list', request('tools/call', { name: tool, arguments: [1] })],
    ['a cursor that is a number', request('tools/list', { cursor: 5 })],
    ['a cursor that is an object', request('tools/list', { cursor: {} })],
    ['an unknown tool', request('tools/call', { name: 'nothing' })],
    ['a tool called __proto__', request('tools/call', { name: '__proto__' })],
    ['a tool called constructor', request('tools/call', { name: 'constructor' })],
    ['a tool called toString', request('tools/call', { name: 'toString' })],
  ])('invalid parameters are -32602: %s', async (_what, message) => {
    const text = await (await ask(message, {})).text()
    expect(messageOf(text).error).toMatchObject({ code: -32602 })
    expect(text).not.toContain('disabled')
  })

  test.each<[what: string, params: object]>([
    ['a cursor of null', { cursor: null }],
    ['arguments of null', { arguments: null }],
    ['arguments: []', { arguments: [] }],
  ])('null, and an empty list for an object, mean absent: %s', async (_what, params) => {
    const listed = await (await ask(request('tools/list', params), {})).text()
    expect(messageOf(listed).result.tools).not.toEqual([])
    const status = await (await ask(request('tools/call', { name: 'auth_status', ...params }), {})).text()
    expect(messageOf(status).result).toMatchObject({ structuredContent: { signed_in: true } })
  })

  test.each(['resources/list', 'prompts/get', 'logging/setLevel', 'completion/complete', 'tasks/get', 'nothing'])(
    '%s does not exist: -32601 [S-12]',
    async (method) => {
      const response = await ask(request(method, {}), {})
      expect(messageOf(await response.text()).error.code).toBe(-32601)
      expect(response.status).toBe(wire.includes('2026') ? 404 : 200)
    },
  )
})

test.each([
  ['a client that is []', { 'io.modelcontextprotocol/clientInfo': [] }],
  [
    'null and [] within capabilities',
    { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: [], url: null } } },
  ],
  ['an extension that is []', { 'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.x/y': [] } } }],
])('the envelope of 2026-07-28: null, and an empty list for an object, mean absent: %s', async (_what, meta) => {
  const { body, headers } = modern(list, { ...envelope, ...meta })
  const text = await (await post(body, headers)).text()
  expect(messageOf(text).result?.tools?.length).toBeGreaterThan(0)
})

describe('a header that was sent twice and joined', () => {
  test.each<[name: string, value: string | readonly string[]]>([
    ['content-type', 'application/json, application/json'],
    ['content-type', 'application/json; charset=utf-8,Application/JSON'],
    ['content-type', 'application/json, application/json; charset="a, b"'],
    ['mcp-protocol-version', '2025-06-18, 2025-06-18'],
    ['mcp-protocol-version', ['2025-06-18', '2025-06-18']],
    ['mcp-protocol-version', '2025-11-25,2025-11-25 , 2025-11-25'],
  ])('counts once if its values are the same: %s: %j', async (name, value) => {
    const text = await (await post(list, { [name]: value })).text()
    expect(messageOf(text).result?.tools?.length).toBeGreaterThan(0)
  })

  test.each<[name: string, value: string, status: number]>([
    ['content-type', 'text/plain, application/json', 415],
    ['content-type', 'application/json, text/plain', 415],
    ['content-type', 'application/json, application/x-www-form-urlencoded', 415],
    ['content-type', 'application/json,', 415],
    ['mcp-protocol-version', '2025-06-18, 2025-11-25', 400],
    ['mcp-protocol-version', '2025-06-18, ', 400],
    ['mcp-protocol-version', '2025-6-18, 2025-6-18', 400],
  ])('is refused if its values differ: %s: %j', async (name, value, status) => {
    expect((await post(list, { [name]: value })).status).toBe(status)
  })
})

describe('the 2025 revisions', () => {
  const client = { name: 'client', version: '1' }
  const initialize = (params: object) =>
    request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: client, ...params })

  test.each<[what: string, message: unknown]>([
    ['params: null', request('tools/list', null)],
    ['params: []', request('tools/list', [])],
    ['_meta: null', request('tools/list', { _meta: null })],
    ['_meta: []', request('tools/list', { _meta: [] })],
    ['a progress token of null', request('tools/list', { _meta: { progressToken: null } })],
    ['a result and an error of null', { ...list, result: null, error: null }],
    ['capabilities: null', initialize({ capabilities: null })],
    ['capabilities: []', initialize({ capabilities: [] })],
    ['a capability that is []', initialize({ capabilities: { roots: [], sampling: [] } })],
    [
      'null and [] within capabilities',
      initialize({ capabilities: { sampling: { context: null, tools: [] }, extensions: { 'io.x/y': [] }, tasks: [] } }),
    ],
    ['task: []', request('tools/call', { name: 'auth_status', task: [] })],
    ['a title of null', initialize({ clientInfo: { ...client, title: null, icons: null } })],
  ])('null, and an empty list for an object, mean absent: %s', async (_what, message) => {
    const response = await post(message)
    const text = await response.text()
    expect([response.status, messageOf(text).error]).toEqual([200, undefined])
  })

  test('a notification may have an id of null', async () => {
    const message = { jsonrpc: '2.0', id: null, method: 'notifications/initialized', params: null }
    expect((await post(message)).status).toBe(202)
  })

  test.each<[what: string, message: unknown]>([
    ['a version that is a number', initialize({ protocolVersion: 20251125 })],
    ['a client of null', initialize({ clientInfo: null })],
    ['a client that is a text', initialize({ clientInfo: 'client' })],
    ['no parameters', request('initialize')],
    ['parameters of null', request('initialize', null)],
    ['parameters that are a text', request('initialize', 'x')],
    ['an id of null', { ...list, id: null }],
  ])('an invalid initialize is answered -32602 or -32600: %s', async (_what, message) => {
    const response = await post(message)
    expect(response.status).toBe(400)
    expect([-32602, -32600]).toContain((await response.json()).error.code)
  })

  test('a batch is answered with a list if the client reads no event stream', async () => {
    const response = await post([list, { ...list, id: 2, method: 'ping' }], { accept: 'application/json' })
    const answers: { id: number }[] = await response.json()
    expect(answers.map(({ id }) => id).sort()).toEqual([1, 2])
  })
})

test('subscriptions/listen does not exist: 404 with -32601; a wrong header is still 400 [S-12 S-22]', async () => {
  const { body, headers } = modern(request('subscriptions/listen', { notifications: { toolsListChanged: true } }))
  for (const accept of ['application/json, text/event-stream', 'text/event-stream', 'application/json']) {
    const response = await post(body, { ...headers, accept })
    expect([response.status, await response.json()]).toEqual([
      404,
      { jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'Method not found' } },
    ])
  }
  const mismatch = await post(body, { ...headers, 'mcp-method': 'tools/list' })
  expect([mismatch.status, (await mismatch.json()).error.code]).toEqual([400, -32020])
})

test('an initialize of 2026-07-28 does not exist either', async () => {
  const { body, headers } = modern(request('initialize', {}))
  const response = await post(body, headers)
  expect([response.status, (await response.json()).error.code]).toEqual([404, -32601])
})

describe('64 KB is the limit for every caller', () => {
  const padded = (bytes: number) => JSON.stringify(list).padEnd(bytes)

  test.each(['with a token', 'without one'])('%s', async (who) => {
    const { mcpUrl } = who === 'with a token' ? stack : await open()
    const headers: Headers = who === 'with a token' ? {} : { authorization: [] }
    expect((await post(padded(65_536), headers, mcpUrl)).status).toBe(200)
    const response = await post(padded(65_537), headers, mcpUrl)
    expect([response.status, await response.json()]).toEqual([
      413,
      { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'The request is larger than 64 KB' } },
    ])
  })

  test('the longest arguments of the tools fit', async () => {
    const feedback = '\\u00e4'.repeat(5_000)
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"submit_documentation_feedback","arguments":{"feedback":"${feedback}","page_url":"https://docs.example.com/${'é'.repeat(1_900)}"}}}`
    expect(Buffer.byteLength(body)).toBeLessThan(65_536)
    const urls = Array.from({ length: 10 }, (_, page) => `https://docs.example.com/${page}${'é'.repeat(1_974)}`)
    expect(Buffer.byteLength(JSON.stringify(request('tools/call', { name: 'x', arguments: { urls } })))).toBeLessThan(
      65_536,
    )
  })

  async function open() {
    const { url } = await deploySameIssuer(stack, { REQUIRE_AUTH: 'false' })
    return { mcpUrl: `${url}/mcp` }
  }
})

describe('the Authorization header of a client without a token', () => {
  test.each(['Bearer', 'Bearer ', 'Basic YTpi', 'Token x'])(
    '%j: the same as no header [S-02]',
    async (authorization) => {
      const response = await post(list, { authorization })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).not.toContain('error=')
    },
  )

  test.each([
    `Bearer $\{API_TOKEN}`,
    'Bearer undefined',
    'Bearer null',
    'Bearer <token>',
    'Bearer your-token-here',
    'Bearer your token here',
    'Bearer "a.b.c"',
  ])('%j: 401 invalid_token [S-03]', async (authorization) => {
    const response = await post(list, { authorization })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
  })

  test('several are 400 [S-04]', async () => {
    const twice = await post(list, { authorization: [`Bearer ${token}`, `Bearer ${token}`] })
    const both = await post(list, { authorization: `Bearer ${token} ${token}` })
    expect([twice.status, both.status]).toEqual([400, 400])
  })
})

test('/mcp, the token endpoint and registration ignore cookies and set none [N16]', async () => {
  const cookie = `__Host-browser=x; access_token=${token}; session=${token}`
  const form = { 'content-type': 'application/x-www-form-urlencoded', cookie }
  const answers = [
    await post(list, { authorization: [], cookie }),
    await send(`${stack.url}/oauth/token`, { method: 'POST', headers: form, body: 'grant_type=refresh_token' }),
    await post(
      { redirect_uris: ['http://127.0.0.1/cb'] },
      { authorization: [], cookie },
      `${stack.url}/oauth/register`,
    ),
  ]
  expect(answers.map(({ status }) => status)).toEqual([401, 400, 201])
  for (const { headers } of answers) expect(headers.get('set-cookie')).toBeNull()
})

test('each tool call writes one log line: user, client, tool, outcome and time; nothing of its content [O-12]', async () => {
  const lines = () => stack.logs.filter((line) => line.includes('"mcp_call"')).map((line) => JSON.parse(line))
  const before = lines().length
  await post(question)
  await post(request('tools/call', { name: tool, arguments: {} }))
  await post(request('tools/call', { name: 'secret-name-of-mine' }))
  await expect.poll(() => lines().length - before).toBe(3)
  const common = {
    event: 'mcp_call',
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    requestId: expect.any(String),
    sub: expect.stringMatching(/^u_/),
    client: expect.stringMatching(/^[\w-]{43}$/),
    ms: expect.any(Number),
    attempt: expect.stringMatching(/^\d{6}-[0-9A-Z]{4}-[0-9A-Z]{4}$/),
  }
  expect(lines().slice(before)).toEqual([
    { ...common, tool, outcome: 'ok' },
    { ...common, tool, outcome: 'invalid_arguments' },
    { ...common, tool: 'unknown', outcome: 'unknown_tool' },
  ])
  expect(stack.logs.join('\n')).not.toMatch(/What is a grant|secret-name-of-mine/)
})
