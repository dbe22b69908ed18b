import { describe, expect, test } from 'vitest'
import { issuer, resource } from '../../dev/worlds/mcp-endpoint.ts'
import { mcpForTests } from '../../dev/worlds/mcp-for-tests.ts'
import { ask, expectReadableByBrowsers, post, rpc } from '../../dev/worlds/mcp-requests.ts'

const now = Date.now()

const mcp = mcpForTests(now)
const { authorized } = mcp

describe('browsers', () => {
  test('a preflight needs no token, from any origin [S-11 S-23]', async () => {
    const { fetch } = mcp.endpoint()
    const response = await fetch(
      new Request(resource, { method: 'OPTIONS', headers: { origin: 'https://evil.example' } }),
    )
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-methods')).toBe('POST, OPTIONS')
    for (const name of ['Authorization', 'Content-Type', 'Accept', 'MCP-Protocol-Version', 'Mcp-Method', 'Mcp-Name']) {
      expect(response.headers.get('access-control-allow-headers')).toContain(name)
    }
    expectReadableByBrowsers(response)
  })

  test.each([
    issuer,
    'https://claude.ai',
    'https://app.example.org',
    'http://localhost:6274',
    'http://127.0.0.1:1',
    'http://[::1]:8',
  ])('a page from %s gets the challenge [S-10]', async (origin) => {
    const { fetch } = mcp.endpoint()
    expect((await fetch(post(rpc('tools/list'), { origin }))).status).toBe(401)
    expect((await fetch(authorized(rpc('tools/list'), mcp.token, { origin }))).status).toBe(200)
  })

  const foreign = [
    'null',
    'https://evil.example',
    'http://claude.ai',
    'https://claude.ai.evil.example',
    'https://claude.ai:8443',
    'http://localhost.evil.example',
    'http://localhost@evil.example',
    'ftp://localhost',
    'tauri://localhost',
    'vscode-webview://1abc',
    'https://*',
    'claude.ai',
    '',
  ]

  test.each(foreign)(
    'a page from %j may call tools with a valid token, which no browser sends by itself [S-10]',
    async (origin) => {
      const { fetch } = mcp.endpoint()
      const response = await fetch(authorized(ask('how?'), mcp.token, { origin }))
      expect(response.status).toBe(200)
      expectReadableByBrowsers(response)
      expect(mcp.searchServer.calls).toMatchObject([{ meta: { user: { email: 'ada@example.org' } } }])
    },
  )

  test.each(foreign)(
    'a page from %j gets the challenge, even where sign-in is optional [S-10 S-23]',
    async (origin) => {
      for (const requireAuth of [true, false]) {
        const { fetch } = mcp.endpoint({ requireAuth })
        const answers = [
          await fetch(post(rpc('initialize'), { origin })),
          await fetch(post(rpc('tools/list'), { origin })),
          await fetch(new Request(resource, { headers: { origin } })),
          await fetch(authorized(ask('how?'), 'bad', { origin })),
        ]
        for (const response of answers) {
          expect(response.status).toBe(401)
          expect(response.headers.get('www-authenticate')).toContain('resource_metadata=')
          expectReadableByBrowsers(response)
        }
      }
    },
  )

  test.each(foreign)('a page from %j calls no tool without a token [S-10 S-23 A20 N16]', async (origin) => {
    const { fetch, lines } = mcp.endpoint({ requireAuth: false })
    const batch = `[${ask('how?')}]`
    for (const request of [post(ask('how?'), { origin }), post(batch, { origin })]) {
      const response = await fetch(request)
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({ jsonrpc: '2.0', id: null })
      expectReadableByBrowsers(response)
      expect(lines.pop()).toEqual({
        event: 'mcp_refused',
        requestId: 'request-1',
        reason: 'origin',
        tool: 'ask_question',
      })
    }
    expect(mcp.searchServer.calls).toEqual([])
  })

  test('an operator may allow every page over TLS, but no opaque origin [N16]', async () => {
    const { fetch } = mcp.endpoint({ allowedOrigins: ['https://*'], requireAuth: false })
    const status = async (origin: string) => (await fetch(post(ask('how?'), { origin }))).status
    expect(await status('https://any.example')).toBe(200)
    expect(await status('http://any.example')).toBe(403)
    expect(await status('null')).toBe(403)
  })

  test('an operator may list the origin of an app, in upper or lower case', async () => {
    const { fetch } = mcp.endpoint({
      allowedOrigins: ['app://notes.md'],
      requireAuth: false,
    })
    const status = async (origin: string) => (await fetch(post(ask('how?'), { origin }))).status
    expect(await Promise.all(['app://notes.md', 'App://Notes.md'].map(status))).toEqual([200, 200])
    expect(await Promise.all(['app://notes.md.evil', 'app://', 'https://notes.md'].map(status))).toEqual([
      403, 403, 403,
    ])
  })

  test('a cookie is ignored', async () => {
    const { fetch } = mcp.endpoint()
    const cookie = `access_token=${mcp.token}; __Host-browser=x; session=${mcp.token}`
    const response = await fetch(post(ask('how?'), { cookie }))
    expect(response.status).toBe(401)
    expect(response.headers.get('set-cookie')).toBeNull()
  })
})
