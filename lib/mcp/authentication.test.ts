import { exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { forTests } from '../../dev/worlds/for-tests.ts'
import {
  claims,
  createSigningKey,
  issuer,
  resource,
  resourceMetadataUrl,
  type SigningKey,
  sign,
} from '../../dev/worlds/mcp-endpoint.ts'
import { mcpForTests } from '../../dev/worlds/mcp-for-tests.ts'
import { ask, expectReadableByBrowsers, post, resultOf, rpc } from '../../dev/worlds/mcp-requests.ts'
import { StoreUnavailable } from '../store/store.ts'

const now = Date.now()
const second = 1000
const mcp = mcpForTests(now)
const otherKey = forTests(() => createSigningKey('key-2'))

const { authorized } = mcp

describe('without credentials', () => {
  test.each(['GET', 'HEAD', 'POST', 'DELETE', 'PUT'])(
    '%s is answered by a challenge without an error [S-02 S-11 D-11 D-21 B8-12]',
    async (method) => {
      const { fetch } = mcp.endpoint()
      const response = await fetch(new Request(resource, { method }))
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe(
        `Bearer resource_metadata="${resourceMetadataUrl}", scope="docs:read", realm="mcp"`,
      )
      expectReadableByBrowsers(response)
      if (method === 'HEAD') return expect(await response.text()).toBe('')
      expect(await response.json()).toEqual({
        error: 'authentication_required',
        message: expect.any(String),
        resource_metadata: resourceMetadataUrl,
        docs_url: `${issuer}/connect`,
      })
    },
  )

  test.each([
    ['an odd protocol version', post(rpc('tools/list'), { 'mcp-protocol-version': '1999-01-01' })],
    ['the 2024-11-05 version on GET', new Request(resource, { headers: { 'mcp-protocol-version': '2024-11-05' } })],
    ['an unknown session', post(rpc('tools/list'), { 'mcp-session-id': 'gone' })],
    ['a body that is not JSON', post('{')],
    ['another scheme', post(rpc('tools/list'), { authorization: 'Basic YTpi' })],
    ['a token in the query', post(rpc('tools/list'), {}, `${resource}?access_token=x`)],
    ['a trailing slash', post(rpc('tools/list'), {}, `${resource}/`)],
  ])('the challenge comes before anything else: %s [S-01 S-11]', async (_name, request) => {
    const { fetch } = mcp.endpoint()
    const response = await fetch(request)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).not.toContain('error')
  })

  test('a valid token in the query or in a form is ignored [S-01]', async () => {
    const { fetch } = mcp.endpoint()
    const inQuery = await fetch(post(rpc('tools/list'), {}, `${resource}?access_token=${mcp.token}`))
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const inForm = await fetch(post(`access_token=${mcp.token}`, form))
    expect([inQuery.status, inForm.status]).toEqual([401, 401])
  })

  test('while sign-in is optional a request without a token passes, is logged, and reaches Kapa without a user', async () => {
    const { fetch, lines } = mcp.endpoint({ requireAuth: false })
    const response = await fetch(post(ask('how?'), { 'user-agent': 'client/1' }))
    expect(response.status).toBe(200)
    expect(await resultOf(response)).toMatchObject({ result: { content: [{ text: 'about how?' }] } })
    expect(mcp.searchServer.calls).toEqual([{ query: 'how?', meta: undefined, authorization: 'Bearer kapa-key' }])
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'mcp_unauthenticated', enforced: false, ua: 'client/1' }),
    )
  })
})

describe('an invalid token', () => {
  const bad: [name: string, make: () => string | Promise<string>][] = [
    ['garbage', () => 'garbage'],
    ['three garbage parts', () => 'a.b.c'],
    ['expired', () => mcp.sign({ exp: Math.floor(now / second) - 6 })],
    ['not yet valid', () => mcp.sign({ nbf: Math.floor(now / second) + 60 })],
    ['issued in the future', () => mcp.sign({ iat: Math.floor(now / second) + 60 })],
    ['issued after its expiry', () => mcp.sign({ iat: Math.floor(now / second), exp: Math.floor(now / second) })],
    ['another issuer', () => mcp.sign({ iss: 'https://evil.example' })],
    ['the issuer with a slash', () => mcp.sign({ iss: `${issuer}/` })],
    ['another audience', () => mcp.sign({ aud: 'https://other.example/mcp' })],
    ['the audience with a slash', () => mcp.sign({ aud: `${resource}/` })],
    ['one more audience', () => mcp.sign({ aud: [resource, 'https://other.example'] })],
    ['typ JWT, as an ID token has', () => mcp.sign({}, { typ: 'JWT' })],
    [
      'no typ',
      async () => {
        const { kid, privateKey } = mcp.key
        return new SignJWT(claims(now)).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey)
      },
    ],
    [
      'PS256 by the right key',
      async () => {
        const privateKey = await importJWK(await exportPrivate(mcp.key), 'PS256')
        return new SignJWT(claims(now))
          .setProtectedHeader({ alg: 'PS256', typ: 'at+jwt', kid: mcp.key.kid })
          .sign(privateKey)
      },
    ],
    [
      'HS256 with the public key as the secret',
      async () => {
        const publicKey = await importJWK(mcp.key.publicJwk, 'RS256', { extractable: true })
        if (publicKey instanceof Uint8Array) throw new Error('not a public key')
        const secret = new TextEncoder().encode(await exportSPKI(publicKey))
        return new SignJWT(claims(now))
          .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: mcp.key.kid })
          .sign(secret)
      },
    ],
    ['alg none', () => new UnsecuredJWT(claims(now)).encode()],
    [
      'alg none under our header',
      () => `${encode({ alg: 'none', typ: 'at+jwt', kid: mcp.key.kid })}.${encode(claims(now))}.`,
    ],
    ['an unknown kid', () => sign(otherKey(), claims(now))],
    ['our kid on another key', () => sign(otherKey(), claims(now), { kid: mcp.key.kid })],
    [
      'a kid that is not a string',
      () => `${encode({ alg: 'RS256', typ: 'at+jwt', kid: 1 })}.${encode(claims(now))}.AAAA`,
    ],
    ['an embedded key', () => sign(otherKey(), claims(now), { kid: mcp.key.kid, jwk: otherKey().publicJwk })],
    [
      'another payload',
      () => {
        const [header, , signature] = mcp.token.split('.')
        return `${header}.${encode(claims(now, { sub: 'admin' }))}.${signature}`
      },
    ],
    ['another signature', () => `${mcp.token.slice(0, -8)}AAAAAAAA`],
    ['more than 8 KB', () => mcp.sign({ pad: 'x'.repeat(8_000) })],
    ['no sub', () => mcp.sign({ sub: undefined })],
    ['no client_id', () => mcp.sign({ client_id: undefined })],
    ['no jti', () => mcp.sign({ jti: undefined })],
    ['no grant', () => mcp.sign({ grant: undefined })],
    ['no scope', () => mcp.sign({ scope: undefined })],
    ['no exp', () => mcp.sign({ exp: undefined })],
    ['a list for scope', () => mcp.sign({ scope: ['docs:read'] })],
    ['an object for email', () => mcp.sign({ email: { toString: 'x' } })],
  ]

  test.each(bad)(
    '%s: 401 invalid_token, whether sign-in is required or not [S-03 S-07 A12 A14 B8-12]',
    async (_name, make) => {
      const badToken = await make()
      for (const requireAuth of [true, false]) {
        const { fetch, lines } = mcp.endpoint({ requireAuth })
        const response = await fetch(authorized(ask('how?'), badToken))
        expect(response.status).toBe(401)
        expect(response.headers.get('www-authenticate')).toMatch(
          /^Bearer resource_metadata="[^"]+", error="invalid_token", error_description="[^"]+", scope="docs:read", realm="mcp"$/,
        )
        expect(await response.json()).toMatchObject({ error: 'invalid_token' })
        expectReadableByBrowsers(response)
        expect(lines).toEqual([expect.objectContaining({ event: 'mcp_token_refused' })])
        expect(JSON.stringify(lines)).not.toContain(badToken)
      }
      expect(mcp.searchServer.calls).toEqual([])
    },
  )

  test('is reported as expired if it has expired, and otherwise without a precise reason [S-03]', async () => {
    const { fetch } = mcp.endpoint()
    const expired = await mcp.sign({ exp: Math.floor(now / second) - 60 })
    const foreign = await mcp.sign({ aud: 'https://other.example' })
    expect(await (await fetch(authorized('{}', expired))).json()).toMatchObject({ message: /expired/ })
    expect(await (await fetch(authorized('{}', foreign))).json()).toMatchObject({
      message: 'The access token is invalid',
    })
  })

  test.each([
    ['Bearer'],
    ['Bearer '],
    ['bearer    '],
    ['Basic YTpi'],
    ['Basic YTpi, Digest x'],
    ['DPoP'],
    ['Token abc'],
    ['Digest username="x"'],
    ['eyJhbGciOiJSUzI1NiJ9.e30.AAAA'],
    ['Bearer:abc'],
    [`\${API_TOKEN}`],
  ])('%j contains no token, and counts as a missing header [S-02]', async (authorization) => {
    const { fetch } = mcp.endpoint()
    const response = await fetch(post(rpc('tools/list'), { authorization }))
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="${resourceMetadataUrl}", scope="docs:read", realm="mcp"`,
    )
    const open = mcp.endpoint({ requireAuth: false })
    expect((await open.fetch(post(rpc('tools/list'), { authorization }))).status).toBe(200)
  })

  test.each([
    [`Bearer \${API_TOKEN}`],
    [`Bearer \${input:token}`],
    ['Bearer $TOKEN'],
    ['Bearer %TOKEN%'],
    ['Bearer {{token}}'],
    ['Bearer <token>'],
    ['Bearer <YOUR TOKEN>'],
    ['Bearer your-token-here'],
    ['Bearer your token here'],
    ['Bearer YOUR API KEY, please'],
    ['Bearer undefined'],
    ['Bearer null'],
    ['Bearer None'],
    ['Bearer [object Object]'],
    ['Bearer ""'],
    ['Bearer "a.b.c"'],
    ["Bearer 'a.b.c'"],
    ['Bearer Bearer a.b.c'],
    ['Bearer\ta.b.c'],
    ['Bearer a b'],
    ['Bearer …'.replace('…', '\xe4')],
    ['Bearer,'],
  ])('%j is a bad token: 401 invalid_token, whether sign-in is required or not [S-03]', async (authorization) => {
    for (const requireAuth of [true, false]) {
      const { fetch } = mcp.endpoint({ requireAuth })
      const response = await fetch(post(rpc('tools/list'), { authorization }))
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
      expectReadableByBrowsers(response)
    }
  })

  test.each([
    ['repeated', 'Bearer a, Bearer b'],
    ['repeated without a token', 'Bearer, Bearer'],
    ['a placeholder twice', `Bearer \${A}, Bearer \${A}`],
    ['two schemes', 'Basic YTpi, Bearer a'],
    ['two schemes the other way round', 'Bearer a, Basic YTpi'],
    ['two tokens', 'Bearer a.b.c d.e.f'],
    ['two tokens with a comma', 'Bearer a.b.c,d.e.f'],
  ])('a header with several credentials is 400 invalid_request: %s [S-04]', async (_name, authorization) => {
    for (const requireAuth of [true, false]) {
      const { fetch } = mcp.endpoint({ requireAuth })
      const response = await fetch(post(rpc('tools/list'), { authorization }))
      expect(response.status).toBe(400)
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_request"')
      expect(await response.json()).toMatchObject({ error: 'invalid_request' })
    }
  })

  test('a token without the scope: 403 naming it, and a line in the log [S-05 O-12]', async () => {
    const { fetch, lines } = mcp.endpoint()
    const narrow = await mcp.sign({ scope: 'docs:feedback' })
    const response = await fetch(authorized(ask('how?'), narrow))
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toMatch(
      /^Bearer resource_metadata="[^"]+", error="insufficient_scope", error_description="[^"]+", scope="docs:read", realm="mcp"$/,
    )
    expectReadableByBrowsers(response)
    expect(lines).toMatchObject([{ event: 'mcp_refused', reason: 'scope', sub: 'user-1', tool: 'ask_question' }])
    expect(mcp.searchServer.calls).toEqual([])
  })
})

describe('faults of this server', () => {
  test('unreadable keys give a 503 with Retry-After, never a 401', async () => {
    const publicKeys = () => Promise.reject(new StoreUnavailable('down'))
    const { fetch, lines } = mcp.endpoint({ publicKeys })
    const response = await fetch(authorized(ask('how?')))
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(response.headers.get('www-authenticate')).toBeNull()
    expectReadableByBrowsers(response)
    expect(lines).toEqual([{ event: 'mcp_failed', requestId: 'request-1', error: 'StoreUnavailable' }])
  })

  test('a bug gives a 500 that does not reveal its cause', async () => {
    const publicKeys = () => Promise.reject(new TypeError('secret detail'))
    const { fetch, lines } = mcp.endpoint({ publicKeys })
    const response = await fetch(authorized(ask('how?')))
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret detail')
    expect(lines).toEqual([{ event: 'mcp_failed', requestId: 'request-1', error: 'TypeError' }])
  })
})

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

async function exportPrivate({ privateKey }: SigningKey) {
  return crypto.subtle.exportKey('jwk', privateKey)
}
