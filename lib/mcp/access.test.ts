import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { resource, resourceMetadataUrl, testTool } from '../../dev/worlds/mcp-endpoint.ts'
import { mcpForTests } from '../../dev/worlds/mcp-for-tests.ts'
import { post, resultOf, rpc } from '../../dev/worlds/mcp-requests.ts'
import type { McpEndpointOptions } from './endpoint.ts'
import type { Access } from './tools/access.ts'
import { defineTool } from './tools/define-tool.ts'

const now = Date.now()
/** The access tokens of the callers, by what each caller may do. */
const tokens = { anonymous: undefined, reader: '', writer: '', onlyFeedback: '', leaver: '' }
type Who = keyof typeof tokens

const mcp = mcpForTests(now)
beforeAll(async () => {
  tokens.reader = await mcp.sign({ scope: 'docs:read' })
  tokens.writer = await mcp.sign({ scope: 'docs:read docs:feedback' })
  tokens.onlyFeedback = await mcp.sign({ scope: 'docs:feedback' })
})

/** The tools that have run, and the subjects that were counted. */
const ran: string[] = []
const counted: string[] = []
beforeEach(() => {
  ran.length = 0
  counted.length = 0
})

const tool = (name: string, access: Access) =>
  testTool(name, access, (token) => {
    ran.push(name)
    return { name, for: token?.sub ?? 'anonymous' }
  })

const tools = [
  tool('public', { signIn: 'never', scopes: [] }),
  tool('optional', { signIn: 'if required', scopes: ['docs:read'] }),
  tool('always', { signIn: 'always', scopes: ['docs:read', 'docs:feedback'] }),
]
const limit = {
  policy: 'test',
  limit: 60,
  windowSeconds: 900,
  hit: async (who: string) => {
    counted.push(who)
    return { limited: false, remaining: 9, resetAfter: 60 } as const
  },
}

const modes = {
  grace: { requireAuth: false, lazyAuth: false },
  enforced: { requireAuth: true, lazyAuth: false },
  lazy: { requireAuth: true, lazyAuth: true },
} satisfies Record<string, Partial<McpEndpointOptions>>
type Mode = keyof typeof modes

function world(mode: Mode) {
  const options = { ...modes[mode], tools, limits: { user: () => limit, address: limit } }
  const { fetch, lines } = mcp.endpoint(options)
  return {
    lines,
    send: (body: string, who: Who) => fetch(post(body, authorizationOf(who))),
    get: (who: Who) => fetch(new Request(resource, { headers: authorizationOf(who) })),
  }
}

function authorizationOf(who: Who): Record<string, string> {
  const token = tokens[who]
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}

const call = (name: unknown) => rpc('tools/call', { name, arguments: {} })
const batch = (...messages: string[]) => `[${messages.join(',')}]`

describe.each<[Mode, Who, Record<'list' | 'public' | 'optional' | 'always', number>]>([
  ['grace', 'anonymous', { list: 200, public: 200, optional: 200, always: 401 }],
  ['grace', 'reader', { list: 200, public: 200, optional: 200, always: 403 }],
  ['grace', 'writer', { list: 200, public: 200, optional: 200, always: 200 }],
  ['grace', 'onlyFeedback', { list: 403, public: 200, optional: 403, always: 403 }],
  ['enforced', 'anonymous', { list: 401, public: 200, optional: 401, always: 401 }],
  ['enforced', 'reader', { list: 200, public: 200, optional: 200, always: 403 }],
  ['enforced', 'writer', { list: 200, public: 200, optional: 200, always: 200 }],
  ['enforced', 'onlyFeedback', { list: 403, public: 200, optional: 403, always: 403 }],
  ['lazy', 'anonymous', { list: 200, public: 200, optional: 401, always: 401 }],
  ['lazy', 'reader', { list: 200, public: 200, optional: 200, always: 403 }],
  ['lazy', 'writer', { list: 200, public: 200, optional: 200, always: 200 }],
])('%s, %s', (mode, who, { list, ...expected }) => {
  test(`the list: ${list} [S-18 S-20]`, async () => {
    expect((await world(mode).send(rpc('tools/list'), who)).status).toBe(list)
    expect(counted).toEqual([])
  })

  test.each(Object.entries(expected))(
    'the tool that is %s: %d, and a refused call does and counts nothing [S-20]',
    async (name, status) => {
      const response = await world(mode).send(call(name), who)
      expect(response.status).toBe(status)
      expect(ran).toEqual(status === 200 ? [name] : [])
      expect(counted).toHaveLength(status === 200 ? 1 : 0)
    },
  )
})

test.each([
  ['has left nothing out', {}, 403, []],
  ['has left another scope out', { scope_left_out: 'docs:other' }, 403, []],
  ['has left out the scope that it needs', { scope_left_out: 'docs:feedback' }, 200, ['user-1']],
])(
  'the tool that always needs a sign-in, for a user who %s: no challenge asks again for a scope that the user left out [C-15 S-20]',
  async (_who, more, status, hits) => {
    tokens.leaver = await mcp.sign({ scope: 'docs:read', ...more })
    const response = await world('enforced').send(call('always'), 'leaver')
    expect([response.status, response.headers.has('www-authenticate')]).toEqual([status, status === 403])
    expect([ran, counted]).toEqual([[], hits])
    if (status === 200) expect(await resultOf(response)).toMatchObject({ error: { code: -32602 } })
  },
)

describe('the limits of one request', () => {
  const lists = (count: number) => batch(...Array.from({ length: count }, () => rpc('tools/list')))
  const padded = (bytes: number) => rpc('tools/call', { name: 'public', arguments: { pad: 'x'.repeat(bytes) } })

  test.each<[Who, what: string, number, body: string]>([
    ['anonymous', '10 lists', 200, lists(10)],
    ['anonymous', '11 lists', 400, lists(11)],
    ['writer', '11 lists', 400, lists(11)],
    ['anonymous', '60 KB', 200, padded(60 * 1024)],
    ['anonymous', '64 KB and more', 413, padded(64 * 1024)],
    ['writer', '64 KB and more', 413, padded(64 * 1024)],
  ])('%s: %s is %d', async (who, _what, status, body) => {
    const response = await world('grace').send(body, who)
    expect(response.status).toBe(status)
    if (status !== 200) expect([ran, counted]).toEqual([[], []])
  })

  test('a batch over the limit that calls a tool is not counted', async () => {
    const body = batch(call('public'), ...Array.from({ length: 10 }, () => rpc('tools/list')))
    expect((await world('grace').send(body, 'writer')).status).toBe(400)
    expect([ran, counted]).toEqual([[], []])
  })

  test('a result that is nested too deeply is an internal error: it is logged, and the client still gets an answer', async () => {
    const deep = defineTool({
      name: 'deep',
      title: 'deep',
      description: 'deep',
      access: { signIn: 'never', scopes: [] },
      hints: { readOnlyHint: true, openWorldHint: false },
      input: { type: 'object' },
      output: { type: 'object' },
      run: () => ({ content: [], structuredContent: { deep: JSON.parse('['.repeat(300) + ']'.repeat(300)) } }),
    })
    const { fetch, lines } = mcp.endpoint({ ...modes.grace, tools: [deep] })
    const { result } = await resultOf(await fetch(post(call('deep'))))
    expect(result.content[0]?.text).toContain('internal_error')
    expect(lines).toContainEqual(expect.objectContaining({ event: 'tool_failed', tool: 'deep' }))
  })

  test('an id as long as a whole body is not repeated in the answer', async () => {
    const id = 'i'.repeat(10_000)
    const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'always', arguments: {} } })
    const response = await world('grace').send(body, 'anonymous')
    expect([response.status, (await response.text()).length < 2_000]).toEqual([401, true])
  })

  test('reading of a body that never ends stops when the request is aborted', async () => {
    const { fetch, lines } = mcp.endpoint({ ...modes.grace, tools })
    const over = new AbortController()
    const body = new ReadableStream({ pull: () => new Promise(() => {}) })
    const sent = { method: 'POST', body, duplex: 'half' }
    const answer = fetch(new Request(resource, sent), over.signal)
    over.abort()
    expect((await answer).status).toBe(408)
    expect(lines).toContainEqual(expect.objectContaining({ event: 'mcp_refused', reason: 'late' }))
  })
})

describe('with a required sign-in', () => {
  test.each([
    ['an unknown tool', call('nothing')],
    ['a name that is not a string', call(['public'])],
    ['a name in another case', call('PUBLIC')],
    ['a public tool and the list', batch(call('public'), rpc('tools/list'))],
    ['a public tool and another', batch(call('public'), call('optional'))],
    ['a second method', `{"jsonrpc":"2.0","id":1,"method":"ping",${call('optional').slice(1)}`],
    ['a byte order mark', `\ufeff${call('optional')}`],
    ['a body that is not JSON', '{"method":"tools/call","params":{"name":"public"}'],
    ['a batch in a batch', batch(batch(call('public')))],
  ])('a caller cannot avoid it with %s', async (_name, body) => {
    expect((await world('enforced').send(body, 'anonymous')).status).toBe(401)
    expect([ran, counted]).toEqual([[], []])
  })

  test('a caller cannot avoid it where connecting needs no token either', async () => {
    const { send } = world('lazy')
    for (const body of [call('nothing'), call(['public']), batch(rpc('tools/list'), call('optional')), '{', '[]', '']) {
      expect([body, (await send(body, 'anonymous')).status]).toEqual([body, 401])
    }
    expect([ran, counted]).toEqual([[], []])
  })

  test('GET asks for a token, but not where connecting needs none [S-11 S-20]', async () => {
    expect((await world('enforced').get('anonymous')).status).toBe(401)
    expect((await world('lazy').get('anonymous')).status).toBe(405)
  })

  test('a public tool knows the signed-in user who calls it', async () => {
    const { result } = await resultOf(await world('enforced').send(call('public'), 'onlyFeedback'))
    expect(result).toMatchObject({ structuredContent: { name: 'public', for: 'user-1' } })
  })

  test('a bad token is refused at a public tool too, before anything is read [B8-12]', async () => {
    const { fetch } = mcp.endpoint({ ...modes.lazy, tools })
    const response = await fetch(post(call('public'), { authorization: 'Bearer bad' }))
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(ran).toEqual([])
  })
})

describe('the answer to a caller that may not call a tool', () => {
  test('contains the challenge in the result and in the HTTP header, because clients read one or the other [S-02 S-19]', async () => {
    const response = await world('grace').send(call('always'), 'anonymous')
    const challenge = `Bearer resource_metadata="${resourceMetadataUrl}", scope="docs:read docs:feedback", realm="mcp"`
    expect(response.headers.get('www-authenticate')).toBe(challenge)
    expect(await response.json()).toEqual({
      jsonrpc: '2.0',
      id: 7,
      result: {
        isError: true,
        content: [{ type: 'text', text: expect.stringContaining('authentication_required') }],
        _meta: { 'mcp/www_authenticate': [challenge] },
      },
    })
  })

  test('names all scopes that the call needs in one challenge, and the log says why [S-05 S-19 O-12]', async () => {
    const { send, lines } = world('enforced')
    const response = await send(call('always'), 'reader')
    expect(response.status).toBe(403)
    const challenge = response.headers.get('www-authenticate')
    expect(challenge).toContain('error="insufficient_scope"')
    expect(challenge).toContain('scope="docs:read docs:feedback"')
    expect(await response.json()).toMatchObject({ result: { _meta: { 'mcp/www_authenticate': [challenge] } } })
    expect(lines).toEqual([
      {
        event: 'mcp_refused',
        requestId: 'request-1',
        reason: 'scope',
        sub: 'user-1',
        client: expect.stringMatching(/^[\w-]{43}$/),
        tool: 'always',
      },
    ])
  })

  test('is plain JSON if the request calls no tool', async () => {
    const body = await (await world('enforced').send(rpc('tools/list'), 'anonymous')).json()
    expect(Object.keys(body)).toEqual(['error', 'message', 'resource_metadata', 'docs_url'])
  })
})

describe('the list states the security schemes of each tool, at the top level and in _meta [S-19]', () => {
  const noauth = { type: 'noauth' }
  const read = { type: 'oauth2', scopes: ['docs:read'] }
  const both = { type: 'oauth2', scopes: ['docs:read', 'docs:feedback'] }
  test.each<[Mode, object[][]]>([
    ['grace', [[noauth], [noauth, read], [both]]],
    ['enforced', [[noauth], [read], [both]]],
    ['lazy', [[noauth], [read], [both]]],
  ])('%s', async (mode, schemes) => {
    const { result } = await resultOf(await world(mode).send(rpc('tools/list'), 'writer'))
    expect(result.tools).toMatchObject(
      schemes.map((securitySchemes) => ({ securitySchemes, _meta: { securitySchemes } })),
    )
  })
})
