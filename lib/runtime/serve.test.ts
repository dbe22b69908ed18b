import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { serveWith } from './serve.ts'

const url = 'https://docs.example/x'
const lines: string[] = []

beforeEach(() => {
  lines.length = 0
  vi.spyOn(console, 'log').mockImplementation((line) => lines.push(line))
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

/** What of a Netlify context the runtime reads. */
const contextOf = (siteUrl?: string) =>
  ({ requestId: 'request-1', deploy: { context: 'production' }, site: { name: 'docs', url: siteUrl } }) as never

describe('a function', () => {
  const serve = serveWith(
    async ({ issuer }) => issuer,
    async (issuer) => Response.json({ issuer }),
  )

  test('answers for its own host only [O-01 D-04 D-25]', async () => {
    const own = await serve(new Request(url), contextOf('https://docs.example'))
    expect([own.status, await own.json()]).toEqual([200, { issuer: 'https://docs.example' }])
    const other = await serve(new Request('https://0123--docs.netlify.app/x'), contextOf('https://docs.example'))
    expect([other.status, await other.json()]).toEqual([404, { error: 'not_found' }])
    for (const { headers } of [own, other]) {
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('strict-transport-security')).toBe('max-age=31536000')
    }
  })

  test.each([
    ['no issuer', undefined],
    ['an issuer that is no URL', 'docs.example'],
  ])('with %s answers 503, and says why in the log only', async (_what, siteUrl) => {
    const response = await serve(new Request(url), contextOf(siteUrl))
    expect([response.status, await response.json()]).toEqual([503, { error: 'temporarily_unavailable' }])
    expect(lines.join()).toContain('MCP_OAUTH_ISSUER')
  })

  test('that throws tells its caller nothing, and the log everything', async () => {
    const broken = serveWith(
      async () => null,
      async () => {
        throw new Error('a bug')
      },
    )
    const response = await broken(new Request(url), contextOf('https://docs.example'))
    expect([response.status, await response.text()]).toEqual([500, '{"error":"server_error"}'])
    expect(lines.join()).toMatch(/"event":"failed","requestId":"request-1".*a bug.*serve\.test/)
  })
})
