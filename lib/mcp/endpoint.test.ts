import { exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { StoreUnavailable } from '../store/store.ts'
import {
  claims,
  createSigningKey,
  createTestEndpoint,
  issuer,
  resource,
  resourceMetadataUrl,
  type SigningKey,
  sign,
  startUpstream,
  type Upstream,
} from './test-world.ts'

const now = Date.now()
const second = 1000
let key: SigningKey
let otherKey: SigningKey
let upstream: Upstream
let token: string

beforeAll(async () => {
  ;[key, otherKey, upstream] = await Promise.all([
    createSigningKey('key-1'),
    createSigningKey('key-2'),
    startUpstream(),
  ])
  token = await sign(key, claims(now))
})
afterAll(() => upstream.stop())
beforeEach(() => {
  upstream.calls.length = 0
})

/** A message of the 2025 revisions. */
function rpc(method: string, params: object = {}): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 7, method, params })
}

function post(body: string, headers: Record<string, string> = {}, url = resource): Request {
  const encoded = new TextEncoder().encode(body)
  return new Request(url, { method: 'POST', body: encoded, headers })
}

const ask = (question: unknown, extra: object = {}) =>
  rpc('tools/call', { name: 'ask_question', arguments: { question, ...extra } })

const authorized = (body: string, bearer = token, headers: Record<string, string> = {}) =>
  post(body, { authorization: `Bearer ${bearer}`, ...headers })

/** The result of a call, out of JSON or of the event stream. */
async function resultOf(response: Response) {
  const text = await response.text()
  const data = /^data: (\{.*)$/m.exec(text)?.[1] ?? text
  return JSON.parse(data)
}

function expectReadableByBrowsers(response: Response): void {
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(response.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
  expect(response.headers.get('access-control-expose-headers')).toContain('MCP-Protocol-Version')
  expect(response.headers.get('cache-control')).toBe('no-store')
}

describe('without credentials', () => {
  test.each(['GET', 'HEAD', 'POST', 'DELETE', 'PUT'])(
    '%s is answered by a challenge without an error',
    async (method) => {
      const { fetch } = createTestEndpoint([key], upstream)
      const response = await fetch(new Request(resource, { method }))
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe(
        `Bearer resource_metadata="${resourceMetadataUrl}", scope="docs:read"`,
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
    ['a body that is no JSON', post('{')],
    ['another scheme', post(rpc('tools/list'), { authorization: 'Basic YTpi' })],
    ['a token in the query', post(rpc('tools/list'), {}, `${resource}?access_token=x`)],
    ['a trailing slash', post(rpc('tools/list'), {}, `${resource}/`)],
  ])('the challenge comes before anything else: %s', async (_name, request) => {
    const { fetch } = createTestEndpoint([key], upstream)
    const response = await fetch(request)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).not.toContain('error')
  })

  test('a good token in the query or in a form counts for nothing', async () => {
    const { fetch } = createTestEndpoint([key], upstream)
    const inQuery = await fetch(post(rpc('tools/list'), {}, `${resource}?access_token=${token}`))
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const inForm = await fetch(post(`access_token=${token}`, form))
    expect([inQuery.status, inForm.status]).toEqual([401, 401])
  })

  test('while sign-in is optional a request passes, is logged, and tells the upstream nobody', async () => {
    const { fetch, lines } = createTestEndpoint([key], upstream, { requireAuth: false })
    const response = await fetch(post(ask('how?'), { 'user-agent': 'client/1' }))
    expect(response.status).toBe(200)
    expect(await resultOf(response)).toMatchObject({ result: { content: [{ text: 'about how?' }] } })
    expect(upstream.calls).toEqual([{ query: 'how?', meta: undefined, authorization: 'Bearer kapa-key' }])
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'mcp_unauthenticated', enforced: false, ua: 'client/1' }),
    )
  })
})

describe('a token that is not good', () => {
  const bad: [name: string, make: () => string | Promise<string>][] = [
    ['garbage', () => 'garbage'],
    ['three garbage parts', () => 'a.b.c'],
    ['expired', () => sign(key, claims(now, { exp: Math.floor(now / second) - 6 }))],
    ['not yet valid', () => sign(key, claims(now, { nbf: Math.floor(now / second) + 60 }))],
    ['issued in the future', () => sign(key, claims(now, { iat: Math.floor(now / second) + 60 }))],
    [
      'issued after its end',
      () => sign(key, claims(now, { iat: Math.floor(now / second), exp: Math.floor(now / second) })),
    ],
    ['another issuer', () => sign(key, claims(now, { iss: 'https://evil.example' }))],
    ['the issuer with a slash', () => sign(key, claims(now, { iss: `${issuer}/` }))],
    ['another audience', () => sign(key, claims(now, { aud: 'https://other.example/mcp' }))],
    ['the audience with a slash', () => sign(key, claims(now, { aud: `${resource}/` }))],
    ['one more audience', () => sign(key, claims(now, { aud: [resource, 'https://other.example'] }))],
    ['typ JWT, as an ID token has', () => sign(key, claims(now), { typ: 'JWT' })],
    [
      'no typ',
      async () => {
        const { kid, privateKey } = key
        return new SignJWT(claims(now)).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey)
      },
    ],
    [
      'PS256 by the right key',
      async () => {
        const privateKey = await importJWK(await exportPrivate(key), 'PS256')
        return new SignJWT(claims(now))
          .setProtectedHeader({ alg: 'PS256', typ: 'at+jwt', kid: key.kid })
          .sign(privateKey)
      },
    ],
    [
      'HS256 with the public key as the secret',
      async () => {
        const publicKey = await importJWK(key.publicJwk, 'RS256', { extractable: true })
        if (publicKey instanceof Uint8Array) throw new Error('not a public key')
        const secret = new TextEncoder().encode(await exportSPKI(publicKey))
        return new SignJWT(claims(now)).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: key.kid }).sign(secret)
      },
    ],
    ['alg none', () => new UnsecuredJWT(claims(now)).encode()],
    [
      'alg none under our header',
      () => `${encode({ alg: 'none', typ: 'at+jwt', kid: key.kid })}.${encode(claims(now))}.`,
    ],
    ['an unknown kid', () => sign(otherKey, claims(now))],
    ['our kid on another key', () => sign(otherKey, claims(now), { kid: key.kid })],
    ['a kid that is no string', () => `${encode({ alg: 'RS256', typ: 'at+jwt', kid: 1 })}.${encode(claims(now))}.AAAA`],
    ['an embedded key', () => sign(otherKey, claims(now), { kid: key.kid, jwk: otherKey.publicJwk })],
    [
      'another payload',
      () => {
        const [header, , signature] = token.split('.')
        return `${header}.${encode(claims(now, { sub: 'admin' }))}.${signature}`
      },
    ],
    ['another signature', () => `${token.slice(0, -8)}AAAAAAAA`],
    ['more than 8 KB', () => sign(key, claims(now, { pad: 'x'.repeat(8_000) }))],
    ['no sub', () => sign(key, claims(now, { sub: undefined }))],
    ['no client_id', () => sign(key, claims(now, { client_id: undefined }))],
    ['no jti', () => sign(key, claims(now, { jti: undefined }))],
    ['no grant', () => sign(key, claims(now, { grant: undefined }))],
    ['no scope', () => sign(key, claims(now, { scope: undefined }))],
    ['no exp', () => sign(key, claims(now, { exp: undefined }))],
    ['a list for scope', () => sign(key, claims(now, { scope: ['docs:read'] }))],
    ['an object for email', () => sign(key, claims(now, { email: { toString: 'x' } }))],
  ]

  test.each(bad)('%s: 401 invalid_token, whether sign-in is required or not', async (_name, make) => {
    const badToken = await make()
    for (const requireAuth of [true, false]) {
      const { fetch, lines } = createTestEndpoint([key], upstream, { requireAuth })
      const response = await fetch(authorized(ask('how?'), badToken))
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toMatch(
        /^Bearer resource_metadata="[^"]+", error="invalid_token", error_description="[^"]+", scope="docs:read"$/,
      )
      expect(await response.json()).toMatchObject({ error: 'invalid_token' })
      expectReadableByBrowsers(response)
      expect(lines).toEqual([expect.objectContaining({ event: 'mcp_token_refused' })])
      expect(JSON.stringify(lines)).not.toContain(badToken)
    }
    expect(upstream.calls).toEqual([])
  })

  test('says so when it has expired, and nothing more precise otherwise', async () => {
    const { fetch } = createTestEndpoint([key], upstream)
    const expired = await sign(key, claims(now, { exp: Math.floor(now / second) - 60 }))
    const foreign = await sign(key, claims(now, { aud: 'https://other.example' }))
    expect(await (await fetch(authorized('{}', expired))).json()).toMatchObject({ message: /expired/ })
    expect(await (await fetch(authorized('{}', foreign))).json()).toMatchObject({
      message: 'The access token is invalid',
    })
  })

  test.each([
    ['empty', 'Bearer'],
    ['not a token68', 'Bearer a b'],
    ['repeated', 'Bearer a, Bearer b'],
    ['two schemes', 'Basic YTpi, Bearer a'],
  ])('a header that cannot be read is 400 invalid_request: %s', async (_name, authorization) => {
    for (const requireAuth of [true, false]) {
      const { fetch } = createTestEndpoint([key], upstream, { requireAuth })
      const response = await fetch(post(rpc('tools/list'), { authorization }))
      expect(response.status).toBe(400)
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_request"')
      expect(await response.json()).toMatchObject({ error: 'invalid_request' })
    }
  })

  test('a token without the scope: 403 naming it', async () => {
    const { fetch } = createTestEndpoint([key], upstream)
    const narrow = await sign(key, claims(now, { scope: 'docs:feedback' }))
    const response = await fetch(authorized(ask('how?'), narrow))
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toMatch(
      /^Bearer resource_metadata="[^"]+", error="insufficient_scope", error_description="[^"]+", scope="docs:read"$/,
    )
    expectReadableByBrowsers(response)
    expect(upstream.calls).toEqual([])
  })
})

describe('a good token', () => {
  test.each(['at+jwt', 'application/at+jwt', 'AT+JWT'])(
    'typ %s asks the question, and Kapa learns who asks',
    async (typ) => {
      const { fetch } = createTestEndpoint([key], upstream)
      const response = await fetch(authorized(ask('  how?  ', { top_k: 3 }), await sign(key, claims(now), { typ })))
      expect(response.status).toBe(200)
      expect(await resultOf(response)).toMatchObject({
        id: 7,
        result: { content: [{ type: 'text', text: 'about how?' }] },
      })
      expect(upstream.calls).toEqual([
        {
          query: 'how?',
          meta: { user: { email: 'ada@example.org', company_name: 'Analytical Engines' } },
          authorization: 'Bearer kapa-key',
        },
      ])
    },
  )

  test('the scheme is taken in any case, and the clock may be 4 s off', async () => {
    const { fetch } = createTestEndpoint([key], upstream, { now: () => now })
    const at = Math.floor(now / second)
    const justExpired = await sign(key, claims(now, { iat: at - 60, exp: at - 3 }))
    const fromAhead = await sign(key, claims(now, { iat: at + 3, nbf: at + 3 }))
    for (const bearer of [justExpired, fromAhead]) {
      const response = await fetch(post(rpc('tools/list'), { authorization: `bEARER ${bearer}` }))
      expect(response.status).toBe(200)
    }
  })

  test.each(['GET', 'HEAD', 'DELETE', 'PUT', 'PATCH'])('%s is 405 with Allow', async (method) => {
    const { fetch } = createTestEndpoint([key], upstream)
    const response = await fetch(new Request(resource, { method, headers: { authorization: `Bearer ${token}` } }))
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST, OPTIONS')
    expectReadableByBrowsers(response)
  })

  test.each([
    ['no JSON', '{', {}, 400, -32700],
    ['another content type', rpc('tools/list'), { 'content-type': 'text/plain' }, 415, -32000],
    ['more than 1 MB', JSON.stringify({ pad: 'x'.repeat(1024 * 1024) }), {}, 413, -32000],
    ['no JSON-RPC', '{"a":1}', {}, 400, -32600],
    ['a modern version without its envelope', rpc('tools/list'), { 'mcp-protocol-version': '2026-07-28' }, 400, -32602],
  ])('what is wrong with a body is said in JSON-RPC: %s', async (_name, body, headers, status, code) => {
    const { fetch, lines } = createTestEndpoint([key], upstream)
    const response = await fetch(authorized(body, token, { ...headers }))
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ jsonrpc: '2.0', error: { code } })
    expectReadableByBrowsers(response)
    expect(lines).toEqual([])
  })

  test.each([undefined, '*/*'])('Accept %s is taken for what the protocol needs', async (accept) => {
    const { fetch } = createTestEndpoint([key], upstream)
    const request = authorized(rpc('tools/list'), token, accept === undefined ? {} : { accept })
    expect((await fetch(request)).status).toBe(200)
  })

  test('a notification is 202, readable by browsers, and /mcp/ is /mcp', async () => {
    const { fetch } = createTestEndpoint([key], upstream)
    const body = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })
    const response = await fetch(post(body, { authorization: `Bearer ${token}` }, `${resource}/`))
    expect(response.status).toBe(202)
    expectReadableByBrowsers(response)
  })

  test('the tool is listed as reading from an open world, and nothing else is offered', async () => {
    const { fetch } = createTestEndpoint([key], upstream)
    const { result } = await resultOf(await fetch(authorized(rpc('tools/list'))))
    expect(result.tools).toEqual([
      {
        name: 'ask_question',
        title: 'Ask',
        description: 'Asks the documentation.',
        inputSchema: expect.objectContaining({ type: 'object', required: ['question'] }),
        annotations: { title: 'Ask', readOnlyHint: true, openWorldHint: true },
      },
    ])
  })

  test.each([
    ['   ', 'missing_query'],
    ['x'.repeat(2_001), 'query_too_long'],
  ])('a question that cannot be asked is an error result in JSON', async (question, error) => {
    const { fetch } = createTestEndpoint([key], upstream)
    const { result } = await resultOf(await fetch(authorized(ask(question))))
    expect(result.isError).toBe(true)
    expect(result.content).toHaveLength(1)
    expect(JSON.parse(result.content[0].text)).toEqual({ error, message: expect.any(String) })
    expect(upstream.calls).toEqual([])
  })

  test.each([undefined, 5, ['how?']])(
    'a question that is no string is refused before anything is asked',
    async (question) => {
      const { fetch } = createTestEndpoint([key], upstream)
      const answer = await resultOf(await fetch(authorized(ask(question))))
      expect(answer.error ?? answer.result.isError).toBeTruthy()
      expect(JSON.stringify(answer)).not.toMatch(/ at .*\.(m?js|ts)/)
      expect(upstream.calls).toEqual([])
    },
  )

  test('two interleaved requests with different people each get their own answer under their own name', async () => {
    const { fetch } = createTestEndpoint([key], upstream)
    const people = ['ada', 'bob', 'cyd', 'dee']
    const waiting = Promise.withResolvers<void>()
    upstream.answer = async (query) => {
      if (upstream.calls.length === people.length) waiting.resolve()
      await waiting.promise
      return { content: [{ type: 'text', text: `for ${query}` }] }
    }
    const answers = await Promise.all(
      people.map(async (sub) => {
        const payload = claims(now, { sub, email: `${sub}@${sub}.example`, org_id: undefined, org_name: undefined })
        return resultOf(await fetch(authorized(ask(sub), await sign(key, payload))))
      }),
    )
    upstream.answer = async (query) => ({ content: [{ type: 'text', text: `about ${query}` }] })
    expect(answers.map((answer) => answer.result.content[0].text)).toEqual(people.map((sub) => `for ${sub}`))
    for (const { query, meta } of upstream.calls) {
      expect(meta).toEqual({ user: { email: `${query}@${query}.example`, company_name: `${query}.example` } })
    }
  })
})

describe('our own faults', () => {
  test('keys that cannot be read are 503 with Retry-After, never 401', async () => {
    const publicKeys = () => Promise.reject(new StoreUnavailable('down'))
    const { fetch, lines } = createTestEndpoint([key], upstream, { publicKeys })
    const response = await fetch(authorized(ask('how?')))
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(response.headers.get('www-authenticate')).toBeNull()
    expectReadableByBrowsers(response)
    expect(lines).toEqual([{ event: 'mcp_failed', requestId: 'request-1', error: 'StoreUnavailable' }])
  })

  test('a bug is 500 without a word of its cause', async () => {
    const publicKeys = () => Promise.reject(new TypeError('secret detail'))
    const { fetch, lines } = createTestEndpoint([key], upstream, { publicKeys })
    const response = await fetch(authorized(ask('how?')))
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret detail')
    expect(lines).toEqual([{ event: 'mcp_failed', requestId: 'request-1', error: 'TypeError' }])
  })
})

describe('browsers', () => {
  test('a preflight needs no token, from any origin', async () => {
    const { fetch } = createTestEndpoint([key], upstream)
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
  ])('a page from %s is led to sign-in', async (origin) => {
    const { fetch } = createTestEndpoint([key], upstream)
    expect((await fetch(post(rpc('tools/list'), { origin }))).status).toBe(401)
    expect((await fetch(authorized(rpc('tools/list'), token, { origin }))).status).toBe(200)
  })

  test.each([
    'null',
    'https://evil.example',
    'http://claude.ai',
    'https://claude.ai.evil.example',
    'https://claude.ai:8443',
    'http://localhost.evil.example',
    'http://localhost@evil.example',
    'ftp://localhost',
    'claude.ai',
    '',
  ])('a page from %j is refused, with a token or without', async (origin) => {
    const { fetch } = createTestEndpoint([key], upstream, { requireAuth: false })
    for (const request of [post(ask('how?'), { origin }), authorized(ask('how?'), token, { origin })]) {
      const response = await fetch(request)
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({ jsonrpc: '2.0', id: null })
      expectReadableByBrowsers(response)
    }
    expect(upstream.calls).toEqual([])
  })

  test('an operator may let every page over TLS in, and still nobody without an origin of their own', async () => {
    const { fetch } = createTestEndpoint([key], upstream, { allowedOrigins: ['https://*'] })
    const status = async (origin: string) => (await fetch(post(rpc('tools/list'), { origin }))).status
    expect(await status('https://any.example')).toBe(401)
    expect(await status('http://any.example')).toBe(403)
    expect(await status('null')).toBe(403)
  })
})

test('a caller that goes away takes its question along', async () => {
  const { fetch } = createTestEndpoint([key], upstream)
  const gone = new AbortController()
  const cancelled = Promise.withResolvers<void>()
  upstream.intercept = (method, request) => {
    if (method !== 'tools/call') return undefined
    gone.abort()
    return new Promise((resolve) => {
      request.signal.addEventListener('abort', () => {
        cancelled.resolve()
        resolve(new Response(null, { status: 503 }))
      })
    })
  }
  const response = await fetch(authorized(ask('how?')), gone.signal)
  await cancelled.promise
  await response.body?.cancel()
  upstream.intercept = undefined
  expect(upstream.calls).toEqual([])
})

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

async function exportPrivate({ privateKey }: SigningKey) {
  return crypto.subtle.exportKey('jwk', privateKey)
}
