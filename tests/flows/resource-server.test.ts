import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { obtainTokens, registerClient } from '../support/oauth-client.ts'
import { createPinnedKey } from '../support/pinned-key.ts'
import { form, type Sent, send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

const key = createPinnedKey()
let stack: Stack
let accessToken: string
let refreshToken: string

beforeAll(async () => {
  stack = await startStack({ settings: key.settings })
  ;({ accessToken, refreshToken } = await obtainTokens(await registerClient(stack.url)))
})
afterAll(async () => {
  await stack.stop()
})

describe.each(['/mcp', '/mcp/'])('%s', (path) => {
  const metadata = () => `resource_metadata="${stack.url}/.well-known/oauth-protected-resource${path}"`
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }
  const ask = (headers: NonNullable<Sent['headers']> = {}, { method = 'POST', body }: Omit<Sent, 'headers'> = {}) =>
    send(stack.url + path, {
      method,
      ...(method === 'POST' && { body: body ?? JSON.stringify(message) }),
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    })
  const challengeOf = (response: Response) => response.headers.get('www-authenticate')

  test.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE'])(
    '%s without credentials: 401 that says where to sign in, and no error [S-02 S-11 S-23 S-24 S-25 B8-10 B8-12]',
    async (method) => {
      const response = await ask({}, { method })
      expect([response.status, challengeOf(response)]).toEqual([
        401,
        `Bearer ${metadata()}, scope="docs:read docs:feedback", realm="mcp"`,
      ])
      expect(response.headers.get('content-type')).toBe('application/json')
      expect(response.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
      expect(response.headers.get('cache-control')).toBe('no-store')
    },
  )

  test('a token in the URL or in a form is ignored [S-01]', async () => {
    const url = `${stack.url}${path}?access_token=${accessToken}`
    const inForm = form(`access_token=${accessToken}`)
    for (const response of [
      await send(url),
      await send(url, { method: 'POST' }),
      await send(stack.url + path, inForm),
    ]) {
      expect([response.status, challengeOf(response)]).toEqual([
        401,
        `Bearer ${metadata()}, scope="docs:read docs:feedback", realm="mcp"`,
      ])
    }
  })

  test('a token is accepted, whatever the case of the scheme [S-01 S-25 D-25]', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const response = await ask({ authorization: `${scheme} ${accessToken}` })
      expect(response.status).toBe(200)
      expect(await response.text()).toContain('ask_redpanda_question')
    }
  })

  const now = Math.floor(Date.now() / 1000)
  const refused: Readonly<Record<string, () => Promise<string> | string>> = {
    'that is junk': () => 'junk',
    'that was tampered with': () => `${accessToken.slice(0, -8)}AAAAAAAA`,
    'that is a refresh token': () => refreshToken,
    'of 9 KB': () => 'x'.repeat(9_000),
    'that has expired': () => key.resign(accessToken, { claims: { iat: now - 7200, exp: now - 3600 } }),
    'for another server': () => key.resign(accessToken, { claims: { aud: 'https://other.example/mcp' } }),
    'for another server too': () =>
      key.resign(accessToken, { claims: { aud: [stack.mcpUrl, 'https://other.example/mcp'] } }),
    'of another issuer': () => key.resign(accessToken, { claims: { iss: 'https://other.example' } }),
    'that is an ID token': () => key.resign(accessToken, { typ: 'JWT' }),
    'without a grant': () => key.resign(accessToken, { claims: { grant: undefined } }),
  }

  test('an unchanged token that this test signs again is accepted', async () => {
    expect((await ask({ authorization: `Bearer ${await key.resign(accessToken)}` })).status).toBe(200)
  })

  test.each(Object.keys(refused))('a token %s: 401 invalid_token [S-03 S-07 S-08 T-28 A13]', async (what) => {
    const token = await refused[what]?.()
    for (const method of ['POST', 'GET']) {
      const response = await ask({ authorization: `Bearer ${token}` }, { method })
      expect(response.status).toBe(401)
      expect(challengeOf(response)).toMatch(
        /^Bearer resource_metadata="[^"]+", error="invalid_token", error_description="/,
      )
      expect(challengeOf(response)).toContain(metadata())
    }
  })

  test.each<[string, NonNullable<Sent['headers']>]>([
    ['with two tokens', { authorization: 'Bearer a.b.c d.e.f' }],
    ['twice', { authorization: ['Bearer one', 'Bearer two'] }],
    ['of two schemes', { authorization: 'Basic eDp5, Bearer token' }],
  ])('an Authorization header %s: 400 invalid_request [S-04]', async (_what, headers) => {
    const response = await ask(headers)
    expect(response.status).toBe(400)
    expect(challengeOf(response)).toContain('error="invalid_request"')
  })

  test('a token without the scope: 403 that names the scope [S-05]', async () => {
    const response = await ask({
      authorization: `Bearer ${await key.resign(accessToken, { claims: { scope: 'docs:feedback' } })}`,
    })
    expect(response.status).toBe(403)
    expect(challengeOf(response)).toMatch(/^Bearer resource_metadata="[^"]+", error="insufficient_scope", /)
    expect(challengeOf(response)).toContain('scope="docs:read"')
  })

  test('a page of an unlisted origin may call with a good token, and is led to sign-in without one [S-10 A20 N16]', async () => {
    for (const origin of ['https://attacker.example', 'null', 'tauri://localhost']) {
      expect((await ask({ origin, authorization: `Bearer ${accessToken}` })).status).toBe(200)
      for (const headers of [{ origin }, { origin, authorization: 'Bearer bad' }]) {
        const response = await ask(headers)
        expect([response.status, challengeOf(response)]).toEqual([401, expect.stringContaining(metadata())])
      }
    }
  })

  test.each<[string, string]>([
    ['half of JSON', '{"jsonrpc":'],
    ['nothing', ''],
    ['no JSON-RPC', '{"hello":"world"}'],
    ['more than 64 KB', JSON.stringify({ ...message, params: { padding: 'x'.repeat(65_536) } })],
  ])('a body of %s: 4xx', async (_what, body) => {
    const response = await ask({ authorization: `Bearer ${accessToken}` }, { body })
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(response.status).toBeLessThan(500)
  })
})
