import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { allSettings } from './all-settings.ts'
import { serveWith } from './serve.ts'

const url = 'https://docs.example/x'
const lines: string[] = []
/** What goes on after the answers. */
const background: Promise<unknown>[] = []

beforeEach(() => {
  lines.length = 0
  vi.spyOn(console, 'log').mockImplementation((line) => lines.push(line))
})
afterEach(async () => {
  await Promise.all(background.splice(0))
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

/** The part of a Netlify context that the runtime reads. */
const contextOf = (siteUrl?: string) =>
  ({
    requestId: 'request-1',
    deploy: { context: 'production' },
    site: { name: 'docs', url: siteUrl },
    waitUntil: (work: Promise<unknown>) => background.push(work),
  }) as never

/** Makes a separate instance. */
const serveNothing = () =>
  serveWith(
    allSettings,
    async ({ issuer }) => issuer,
    async (issuer) => Response.json({ issuer }),
  )

describe('a function', () => {
  const serve = serveNothing()

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
    ['off', null],
    [' max-age=0 ', 'max-age=0'],
    ['max-age=63072000; includeSubDomains; preload', 'max-age=63072000; includeSubDomains; preload'],
    ['max-age=1\r\nset-cookie: a=b', 'max-age=31536000'],
    ['true', 'max-age=31536000'],
  ])(
    'MCP_HSTS=%j sets the header for an https issuer, behind a proxy too, and never for http [F-004-14]',
    async (setting, sent) => {
      vi.stubEnv('MCP_HSTS', setting)
      const headerAt = async (url: string, issuer = url) =>
        (await serveNothing()(new Request(`${url}/x`), contextOf(issuer))).headers.get('strict-transport-security')
      expect([await headerAt('https://docs.example'), await headerAt('http://localhost:1')]).toEqual([sent, null])
      expect(await headerAt('http://docs.example', 'https://docs.example')).toBe(sent)
    },
  )

  test.each([
    ['no issuer', undefined],
    ['an issuer that is not a URL', 'docs.example'],
    ['an issuer that no client could reach', 'https://*.docs.example'],
    ['an issuer without https', 'http://docs.example'],
  ])('with %s answers 503, and logs the reason and every other problem once', async (_what, siteUrl) => {
    const serve = serveNothing()
    for (const _request of [1, 2]) {
      const response = await serve(new Request(url), contextOf(siteUrl))
      expect([response.status, await response.json()]).toEqual([503, { error: 'temporarily_unavailable' }])
    }
    await Promise.all(background)
    expect(lines).toEqual([
      expect.stringMatching(/"misconfigured".*MCP_OAUTH_ISSUER must be.*MCP_OAUTH_SECRET is missing/),
    ])
  })

  test('logs once which host a client asked for, and which host it answers for', async () => {
    const serve = serveNothing()
    for (const host of ['docs.netlify.app', '0123--docs.netlify.app']) {
      expect((await serve(new Request(`https://${host}/x`), contextOf('https://docs.example'))).status).toBe(404)
    }
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        time: expect.any(String),
        level: 'info',
        event: 'foreign_host',
        requestId: 'request-1',
        host: 'docs.netlify.app',
        issuer: 'https://docs.example',
      },
    ])
  })

  test('of a preview that is asked under another name says its own name', async () => {
    vi.stubEnv('MCP_OAUTH_PREVIEW_DOMAINS', 'previews.docs.example')
    const preview = { requestId: 'r', deploy: { context: 'deploy-preview' }, site: { name: 'docs' } } as never
    expect((await serveNothing()(new Request(url), preview)).status).toBe(404)
    expect(lines.join()).toContain('https://<preview>--docs.netlify.app, https://<preview>.previews.docs.example')
  })

  test('that throws reveals nothing to the caller, and logs everything', async () => {
    const broken = serveWith(
      allSettings,
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
