import { describe, expect, test, vi } from 'vitest'
import { resource } from '../../dev/worlds/mcp-endpoint.ts'
import { mcpForTests } from '../../dev/worlds/mcp-for-tests.ts'
import { ask, expectReadableByBrowsers, post, resultOf, rpc } from '../../dev/worlds/mcp-requests.ts'
import { recorded } from '../../dev/worlds/recording.ts'
import { StoreUnavailable } from '../store/store.ts'
import type { AccessToken } from './bearer.ts'
import { createGrantCheck } from './grant-check.ts'

const start = Date.UTC(2026, 10, 1)
const second = 1_000

const mcp = mcpForTests(start)

/** A store that knows which grants have ended, and instances of the endpoint over it. */
function createGrantWorld() {
  const world = {
    now: start,
    ended: new Set<string>(),
    absent: new Set<string>(),
    /** The duration of a read, in milliseconds. */
    slowness: 0,
    store: 'up' as 'up' | 'down' | 'hanging',
    reads: [] as string[],
    instance() {
      const { fetch, lines } = mcp.endpoint({
        now: () => world.now,
        async grantStatus(grant, signal) {
          world.reads.push(grant)
          const status = world.absent.has(grant) ? 'absent' : world.ended.has(grant) ? 'ended' : 'live'
          world.now += world.slowness
          if (world.store === 'down') throw new StoreUnavailable('down')
          if (world.store === 'hanging') {
            await new Promise((resolve) => signal.addEventListener('abort', resolve))
            throw new StoreUnavailable('the request ran out of time')
          }
          await new Promise((resolve) => setImmediate(resolve))
          return status
        },
      })
      const call = (token: string, body = ask('how?')) => fetch(post(body, { authorization: `Bearer ${token}` }))
      return {
        call,
        lines,
        fetch,
        status: async (token: string, body = ask('how?')) => (await call(token, body)).status,
      }
    },
  }
  return world
}

const grant = 'grants/202704/u_reader/0123456789abcdefghijkl'
const tokenOf = (changes: object = {}) => mcp.sign({ grant, ...changes })

describe('a revoked grant', () => {
  test.each(['POST', 'GET', 'HEAD', 'DELETE'])(
    '%s is answered 401 invalid_token by an instance that has not seen the token before, and the answer service is not called [S-07 T-23 T-26]',
    async (method) => {
      const world = createGrantWorld()
      world.ended.add(grant)
      const { fetch, lines } = world.instance()
      const headers = { authorization: `Bearer ${await tokenOf()}` }
      const request = method === 'POST' ? post(ask('how?'), headers) : new Request(resource, { method, headers })
      const response = await fetch(request)
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toMatch(
        /^Bearer resource_metadata="[^"]+", error="invalid_token", error_description="The access token has been revoked", scope="docs:read", realm="mcp"$/,
      )
      expectReadableByBrowsers(response)
      expect(mcp.searchServer.calls).toEqual([])
      expect(lines).toEqual([{ event: 'mcp_token_refused', requestId: 'request-1', reason: 'revoked' }])
    },
  )

  test('is refused within 60 seconds by an instance that knows its tokens, whatever the number of calls [S-07 T-23 B8-17]', async () => {
    const world = createGrantWorld()
    const [token, other] = [await tokenOf(), await tokenOf()]
    const { status } = world.instance()
    expect(await status(token)).toBe(200)
    world.ended.add(grant)
    for (let calls = 0; calls < 59; calls++) {
      world.now += second
      expect([200, 401]).toContain(await status(token, rpc('tools/list')))
    }
    world.now += second
    mcp.searchServer.calls.length = 0
    expect([await status(token), await status(other)]).toEqual([401, 401])
    expect(mcp.searchServer.calls).toEqual([])
  })

  test('is not read again before the token expires', async () => {
    const world = createGrantWorld()
    world.ended.add(grant)
    const { status } = world.instance()
    const token = await tokenOf()
    for (const _ of Array(59)) {
      expect(await status(token)).toBe(401)
      world.now += 60 * second
    }
    expect(world.reads).toHaveLength(1)
  })

  test('is reported before a missing scope, and before an invalid body', async () => {
    const world = createGrantWorld()
    world.ended.add(grant)
    const { call } = world.instance()
    expect((await call(await tokenOf({ scope: 'docs:feedback' }))).status).toBe(401)
    expect((await call(await tokenOf(), 'x'.repeat(1_100_000))).status).toBe(401)
  })
})

describe('a live grant', () => {
  test('200 concurrent calls cost one read, and the following minute costs no other', async () => {
    const world = createGrantWorld()
    const { call } = world.instance()
    const tokens = await Promise.all([tokenOf(), tokenOf()])
    const many = () => Promise.all(Array.from({ length: 200 }, (_, i) => call(tokens[i % 2] ?? '', rpc('tools/list'))))
    expect(new Set((await many()).map(({ status }) => status))).toEqual(new Set([200]))
    world.now += 59 * second
    await many()
    expect(world.reads).toEqual([grant])
    // The tokens are known by now, so all calls check the grant at the same moment.
    world.now += second
    await many()
    expect(world.reads).toEqual([grant, grant])
  })

  test('its minute begins when the read begins, because the record may be as old as that', async () => {
    const world = createGrantWorld()
    const { status } = world.instance()
    const token = await tokenOf()
    world.slowness = 20 * second
    expect(await status(token)).toBe(200)
    world.ended.add(grant)
    world.now += 39 * second
    expect(await status(token)).toBe(200)
    world.now += second
    expect(await status(token)).toBe(401)
    expect(world.reads).toHaveLength(2)
  })

  test('a revoked grant does not end another grant of the same user', async () => {
    const world = createGrantWorld()
    world.ended.add(grant)
    const { status } = world.instance()
    expect(await status(await tokenOf())).toBe(401)
    expect(await status(await tokenOf({ grant: `${grant.slice(0, -1)}x` }))).toBe(200)
  })

  test('an instance remembers at most 2,000 grants', async () => {
    const reads: string[] = []
    const isLive = createGrantCheck({
      grantStatus: async (grant) => {
        reads.push(grant)
        return 'live'
      },
      now: () => start,
      log: recorded(() => {}),
    })
    const tokenOfGrant = (index: number): AccessToken => ({
      ...{ sub: 'user-1', clientId: 'client-1', scope: [], jti: `${index}`, expiresAt: start / 1_000 + 3_600 },
      grant: `${grant}${index}`,
    })
    for (let index = 0; index <= 2_000; index++) expect(await isLive(tokenOfGrant(index))).toBe(true)
    await isLive(tokenOfGrant(2_000))
    expect(reads).toHaveLength(2_001)
    await isLive(tokenOfGrant(0))
    expect(reads).toHaveLength(2_002)
  })
})

describe('a grant that the store does not have', () => {
  test('is refused, and read again after five seconds: one wrong answer signs no user out', async () => {
    const world = createGrantWorld()
    world.absent.add(grant)
    const { status } = world.instance()
    const token = await tokenOf()
    expect(await status(token)).toBe(401)
    world.absent.clear()
    world.now += 4_999
    expect(await status(token)).toBe(401)
    expect(world.reads).toHaveLength(1)
    world.now += 1
    expect(await status(token)).toBe(200)
    expect(world.reads).toHaveLength(2)
  })

  test('is read again at once for the token of a refresh, which proves that it exists', async () => {
    const world = createGrantWorld()
    world.absent.add(grant)
    const { status } = world.instance()
    const [before, after] = [await tokenOf(), await tokenOf()]
    expect(await status(before)).toBe(401)
    world.absent.clear()
    expect(await status(after)).toBe(200)
    // The later answer applies to all tokens of the grant.
    expect(await status(before)).toBe(200)
    expect(world.reads).toHaveLength(2)
  })

  test('costs one read in five seconds, however often the same token is used', async () => {
    const world = createGrantWorld()
    world.absent.add(grant)
    const { call } = world.instance()
    const token = await tokenOf()
    await Promise.all(Array.from({ length: 100 }, () => call(token)))
    for (let calls = 0; calls < 100; calls++) expect((await call(token)).status).toBe(401)
    expect(world.reads).toHaveLength(1)
  })

  test('that has ended in the meantime stays ended, whatever the store answers later', async () => {
    const world = createGrantWorld()
    world.absent.add(grant)
    const { status } = world.instance()
    const token = await tokenOf()
    expect(await status(token)).toBe(401)
    world.absent.clear()
    world.ended.add(grant)
    world.now += 5 * second
    expect(await status(token)).toBe(401)
    world.ended.clear()
    world.now += 120 * second
    expect([await status(token), await status(await tokenOf())]).toEqual([401, 401])
    expect(world.reads).toHaveLength(2)
  })
})

describe('a store that does not answer', () => {
  test('does not stop a valid token, which is logged, and is read again after five seconds', async () => {
    const world = createGrantWorld()
    world.store = 'down'
    world.ended.add(grant)
    const { status, lines } = world.instance()
    const token = await tokenOf()
    expect([await status(token), await status(token)]).toEqual([200, 200])
    expect(lines.filter(({ event }) => event === 'mcp_grant_unchecked')).toEqual([
      { event: 'mcp_grant_unchecked', grant: '01234567', reason: 'down' },
    ])
    world.store = 'up'
    world.now += 5 * second
    expect(await status(token)).toBe(401)
  })

  test('delays a call by at most a second, once', async () => {
    const world = createGrantWorld()
    world.store = 'hanging'
    const { call } = world.instance()
    const token = await tokenOf()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const waiting = call(token, rpc('tools/list'))
      await vi.waitFor(() => expect(world.reads).toHaveLength(1))
      await vi.advanceTimersByTimeAsync(1_000)
      expect((await waiting).status).toBe(200)
      expect((await call(token, rpc('tools/list'))).status).toBe(200)
    } finally {
      vi.useRealTimers()
    }
    expect(world.reads).toHaveLength(1)
  })

  test('does not let an invalid token pass', async () => {
    const world = createGrantWorld()
    world.store = 'down'
    const { status } = world.instance()
    expect(await status(await tokenOf({ aud: 'https://other.example/mcp' }))).toBe(401)
    expect(world.reads).toEqual([])
  })
})

test('a caller without a token causes no read of a grant, and a bug there is a 500', async () => {
  const grantStatus = () => Promise.reject(new TypeError('a bug'))
  const { fetch } = mcp.endpoint({ requireAuth: false, grantStatus, now: () => start })
  expect((await resultOf(await fetch(post(rpc('tools/list'))))).result.tools).toHaveLength(1)
  const token = await mcp.sign()
  expect((await fetch(post(rpc('tools/list'), { authorization: `Bearer ${token}` }))).status).toBe(500)
})
