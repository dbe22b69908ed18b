import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type createTestEndpoint, serve } from '../../dev/worlds/mcp-endpoint.ts'
import { mcpForTests } from '../../dev/worlds/mcp-for-tests.ts'
import { ask, expectReadableByBrowsers, post, resultOf, rpc } from '../../dev/worlds/mcp-requests.ts'
import { recorded } from '../../dev/worlds/recording.ts'
import { createCounter } from '../limits/counter.ts'
import { createMemoryStore } from '../store/memory.ts'
import type { CallLimit, CallLimits } from './tool-call-limits.ts'

/** Ten minutes before a window ends. */
const now = Date.UTC(2026, 10, 21, 12, 5)
const reset = 600

const mcp = mcpForTests(now)

/** A limit of two calls in 15 minutes, and three for users of one organization; `hits` are the counted subjects. */
function fewCalls() {
  const hits: string[] = []
  const store = createMemoryStore()
  const callLimit = (policy: string, limit: number): CallLimit => {
    const window = { limit, windowSeconds: 900 }
    const options = { store, name: 'test', key: new Uint8Array(32), now: () => now, log: recorded(() => {}) }
    const counter = createCounter({ ...window, ...options })
    return {
      ...window,
      policy,
      hit: (who, signal) => {
        hits.push(who)
        return counter.hit(who, signal)
      },
    }
  }
  const [usual, team] = [callLimit('user', 2), callLimit('Team plan', 3)]
  const limits: CallLimits = {
    user({ organization }) {
      if (organization?.id === 'unlimited') return null
      return organization?.id === 'team' ? team : usual
    },
    address: callLimit('address', 2),
  }
  return { hits, limits }
}

function world(changes: Parameters<typeof createTestEndpoint>[2] = {}) {
  const { hits, limits } = fewCalls()
  return {
    hits,
    ...mcp.endpoint({ now: () => now, requireAuth: false, limits, ...changes }),
  }
}

const { authorized } = mcp

/** Returns the rate limit headers of an answer, in lower case. */
const limitsOf = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.includes('ratelimit')))

describe('two calls in 15 minutes', () => {
  test('two calls are answered, each with the remaining number in every common form of header [B8-13]', async () => {
    const { fetch } = world()
    for (const remaining of ['1', '0']) {
      const response = await fetch(authorized(ask('how?')))
      expect(response.status).toBe(200)
      expect(limitsOf(response)).toEqual({
        'ratelimit-policy': '"user";q=2;w=900',
        ratelimit: `"user";r=${remaining};t=${reset}`,
        'ratelimit-limit': '2',
        'ratelimit-remaining': remaining,
        'ratelimit-reset': String(reset),
        'x-ratelimit-limit': '2',
        'x-ratelimit-remaining': remaining,
        'x-ratelimit-reset': String(now / 1000 + reset),
      })
      expect((await resultOf(response)).result.content[0]?.text).toBe('about how?')
    }
  })

  test('a user sees the remaining calls in quarters, so that a stolen token cannot reveal single calls; an address sees the exact number', async () => {
    const { limits } = fewCalls()
    let remaining = 60
    const hit = async () => ({ limited: false, remaining, resetAfter: reset }) as const
    const sixty = { limit: 60, windowSeconds: 900, hit }
    const { fetch } = world({
      limits: { ...limits, user: () => ({ ...sixty, policy: 'user' }), address: { ...sixty, policy: 'address' } },
    })
    const told = async (request: () => Request) => {
      const all: (string | null)[] = []
      for (remaining of [59, 46, 45, 44, 30, 29, 15, 14, 2, 1, 0]) {
        all.push((await fetch(request())).headers.get('ratelimit-remaining'))
      }
      return all.map(Number)
    }
    expect(await told(() => authorized(ask('how?')))).toEqual([45, 45, 45, 30, 30, 15, 15, 1, 1, 1, 0])
    expect(await told(() => post(ask('how?')))).toEqual([59, 46, 45, 44, 30, 29, 15, 14, 2, 1, 0])
  })

  test('the third call is refused under its own id, with a message and Retry-After, and does not reach the answer service [O-11 O-12]', async () => {
    const { fetch, lines } = world()
    for (let i = 0; i < 2; i++) await resultOf(await fetch(authorized(ask('how?'))))
    const response = await fetch(authorized(ask('how?')))
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, String(reset)])
    expect(limitsOf(response)).toMatchObject({ ratelimit: `"user";r=0;t=${reset}`, 'ratelimit-remaining': '0' })
    expect(await response.json()).toEqual({
      jsonrpc: '2.0',
      id: 7,
      error: {
        code: -32000,
        message: 'Too many tool calls: 2 in 15 minutes are allowed for one person. Try again in 10 minutes.',
        data: { error: 'rate_limited', limit: 2, window_seconds: 900, retry_after: reset },
      },
    })
    expect(mcp.searchServer.calls).toHaveLength(2)
    expect(lines.at(-1)).toEqual({
      event: 'mcp_refused',
      requestId: 'request-1',
      reason: 'limit',
      sub: 'user-1',
      client: expect.stringMatching(/^[\w-]{43}$/),
      tool: 'ask_question',
    })
  })

  test('a call that cannot be answered is not counted: too long a body, no acceptable form, or a foreign page', async () => {
    const { fetch, hits } = world()
    const headers = { authorization: `Bearer ${mcp.token}` }
    expect((await fetch(post(ask('how?'), { ...headers, accept: 'text/html' }))).status).toBe(406)
    expect((await fetch(post(ask('x'.repeat(70_000)), headers))).status).toBe(413)
    expect((await fetch(post(ask('how?'), { origin: 'https://evil.example' }))).status).toBe(403)
    expect(hits).toEqual([])
  })

  test('scripts of a web page may read the answer and its headers [S-23 B8-10]', async () => {
    const { fetch } = world()
    for (let i = 0; i < 3; i++) {
      const response = await fetch(authorized(ask('how?')))
      expectReadableByBrowsers(response)
      const exposed = response.headers.get('access-control-expose-headers')?.toLowerCase().split(', ')
      expect(exposed).toEqual(expect.arrayContaining([...Object.keys(limitsOf(response)), 'retry-after']))
    }
  })

  test('apply to the user, whatever the token, the address and the headers [B8-13]', async () => {
    const { fetch, hits } = world()
    const statuses: number[] = []
    for (const address of ['203.0.113.1', '203.0.113.2', '203.0.113.3']) {
      const request = authorized(ask('how?'), await mcp.sign({ client_id: address }))
      for (const name of ['x-client-key', 'x-forwarded-for', 'user-agent']) request.headers.set(name, address)
      statuses.push((await fetch(request, undefined, address)).status)
    }
    expect(statuses).toEqual([200, 200, 429])
    expect(hits).toEqual(Array(3).fill('user-1'))
    expect((await fetch(authorized(ask('how?'), await mcp.sign({ sub: 'user-2' })))).status).toBe(200)
  })

  test('apply to the address of a caller without a token, whatever its headers say [B8-13]', async () => {
    const { fetch, hits } = world()
    const statuses: number[] = []
    for (const value of ['1', '2', '3']) {
      const names = ['x-client-key', 'x-forwarded-for', 'x-nf-client-connection-ip', 'cf-connecting-ip', 'user-agent']
      const headers = Object.fromEntries(names.map((name) => [name, value]))
      statuses.push((await fetch(post(ask('how?'), headers), undefined, '203.0.113.1')).status)
    }
    expect(statuses).toEqual([200, 200, 429])
    expect(hits).toEqual(Array(3).fill('203.0.113.1'))
    expect((await fetch(post(ask('how?')), undefined, '203.0.113.2')).status).toBe(200)
  })
})

describe('a plan', () => {
  const as = (organization: string, sub = 'user-1') => mcp.sign({ org_id: organization, sub })

  test('gives its users their own limit under the name of the plan; other users keep the usual limit [F-000-22]', async () => {
    const { fetch } = world()
    const team = await as('team')
    const answers: Response[] = []
    for (let i = 0; i < 4; i++) answers.push(await fetch(authorized(ask('how?'), team)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429])
    expect(answers.map(({ headers }) => headers.get('ratelimit-policy'))).toEqual(
      Array(4).fill('"Team plan";q=3;w=900'),
    )
    expect(answers[3]?.headers.get('ratelimit')).toBe(`"Team plan";r=0;t=${reset}`)
    expect(await answers[3]?.text()).toContain('3 in 15 minutes are allowed for one person')
    const other = await fetch(authorized(ask('how?'), await as('org-1', 'user-2')))
    expect(other.headers.get('ratelimit-policy')).toBe('"user";q=2;w=900')
  })

  test('counts each user separately, and one user as one with any token', async () => {
    const { fetch } = world()
    const statusOf = async (token: string) => (await fetch(authorized(ask('how?'), token))).status
    const [team, alone] = [await as('team'), await as('org-1')]
    for (let i = 0; i < 3; i++) expect(await statusOf(team)).toBe(200)
    expect([await statusOf(alone), await statusOf(team)]).toEqual([429, 429])
    expect(await statusOf(await as('team', 'user-2'))).toBe(200)
  })

  test('without a limit counts nothing, and sends no rate limit headers', async () => {
    const { fetch, hits } = world()
    const token = await as('unlimited')
    for (let i = 0; i < 4; i++) {
      const response = await fetch(authorized(ask('how?'), token))
      expect([response.status, limitsOf(response)]).toEqual([200, {}])
    }
    expect(hits).toEqual([])
  })
})

describe('what is counted', () => {
  test.each<[string, () => Request]>([
    ['initialize', () => authorized(rpc('initialize'))],
    ['the list of tools', () => authorized(rpc('tools/list'))],
    ['ping', () => authorized(rpc('ping'))],
    ['no JSON', () => authorized('{')],
    ['a batch of two calls, which is refused', () => authorized(`[${ask('one?')},${ask('two?')}]`)],
    ['a bad token', () => authorized(ask('how?'), 'junk')],
  ])('not %s', async (_what, request) => {
    const { fetch, hits } = world()
    const response = await fetch(request())
    expect([hits, limitsOf(response)]).toEqual([[], {}])
  })

  test.each([
    ['a call', ask('how?')],
    ['a call in a batch', `[${ask('how?')}]`],
    ['a call behind a byte order mark', `\uFEFF${ask('how?')}`],
    ['a call that names its method twice', ask('how?').replace('{', '{"method":"ping",')],
  ])('%s', async (_what, body) => {
    const { fetch, hits } = world()
    await fetch(authorized(body))
    expect(hits).toEqual(['user-1'])
  })

  test('a byte order mark hides no second call of a batch', async () => {
    const { fetch } = world()
    expect((await fetch(authorized(`\uFEFF[${ask('one?')},${ask('two?')}]`))).status).toBe(400)
    expect(mcp.searchServer.calls).toEqual([])
  })

  test('not a call with a token that lacks the scope or is known to be revoked, so it uses up nothing of the user’s limit', async () => {
    const narrow = await mcp.sign({ scope: 'docs:feedback' })
    const { fetch, hits } = world()
    expect([(await fetch(authorized(ask('how?'), narrow))).status, hits]).toEqual([403, []])
    const revoked = world({ grantStatus: async () => 'ended' })
    expect((await revoked.fetch(authorized(rpc('tools/list')))).status).toBe(401)
    expect([(await revoked.fetch(authorized(ask('how?')))).status, revoked.hits]).toEqual([401, []])
  })
})

test.each([
  ['2025-11-25', {}],
  ['2026-07-28', { versionNegotiation: { mode: 'auto' } }],
] as const)('a client on the %s wire shows the refusal to its user, and stays connected', async (_version, options) => {
  const { fetch } = world()
  const served = await serve((request) => fetch(request))
  onTestFinished(served.stop)
  const client = new Client({ name: 'test', version: '1.0.0' }, options)
  const requestInit = { headers: { authorization: `Bearer ${mcp.token}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', served.url), { requestInit }))
  const call = { name: 'ask_question', arguments: { question: 'how?' } }
  for (let i = 0; i < 2; i++) await client.callTool(call)
  await expect(client.callTool(call)).rejects.toThrow('Try again in 10 minutes.')
  expect((await client.listTools()).tools).toHaveLength(1)
  await client.close()
})

test('the limit and the grant are looked up at the same time', async () => {
  const asked: string[] = []
  const both = Promise.withResolvers<void>()
  const asks = async (what: string) => {
    asked.push(what)
    if (asked.length === 2) both.resolve()
    await both.promise
  }
  const { fetch } = world({
    grantStatus: async () => {
      await asks('grant')
      return 'live'
    },
    limits: {
      user: () => ({
        policy: 'user',
        limit: 2,
        windowSeconds: 900,
        hit: async () => {
          await asks('limit')
          return { limited: false, remaining: 1, resetAfter: reset }
        },
      }),
    },
  })
  expect((await fetch(authorized(ask('how?')))).status).toBe(200)
  expect(asked.toSorted()).toEqual(['grant', 'limit'])
})

test('while the count is unknown, or no limit is set, calls pass without rate limit headers [O-11]', async () => {
  const unknown = { policy: 'user', limit: 2, windowSeconds: 900, hit: async () => null }
  for (const limits of [{}, { user: () => null }, { user: () => unknown }]) {
    const { fetch } = world({ limits })
    const response = await fetch(authorized(ask('how?')))
    expect([response.status, limitsOf(response)]).toEqual([200, {}])
  }
})
