import { describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  newPkce,
  redirectUri,
  register,
  signIn,
  TestBrowser,
  token,
} from '../../../dev/worlds/authorization-server.ts'

const untrusted = 'https://app.example/callback'

/** The characters that `error_description` may contain (RFC 6749 §4.1.2.1). */
const descriptionForm = /^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/

async function start() {
  const server = createHarness()
  const clientId = await register(server, { redirect_uris: [redirectUri, untrusted] })
  const ask = (more: Record<string, string> = {}, init?: RequestInit) =>
    server.fetch(authorizePath(clientId, newPkce(), more), init)
  return { server, clientId, ask }
}

const answerOf = (response: Response) => new URL(response.headers.get('location') ?? '').searchParams

/** Signs in with these parameters and returns the scope of the tokens. */
async function grantedScope(more: Record<string, string>, metadata: object = {}) {
  const server = createHarness()
  const clientId = await register(server, metadata)
  const pkce = newPkce()
  const code = (await signIn(new TestBrowser(server), clientId, pkce, more)).searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: pkce.verifier }
  return (await token(server, form)).body.scope
}

test('unknown parameters are ignored, and empty ones count as absent [A-03]', async () => {
  const { ask } = await start()
  const empty = { scope: '', resource: '', prompt: '', response_mode: '', request: '', request_uri: '', unknown: '1' }
  expect((await ask(empty)).status).toBe(200)
  const { status, headers } = await ask({ state: '', response_type: 'x' })
  expect([status, answerOf(new Response(null, { headers })).has('state')]).toEqual([303, false])
})

describe('state [A-11]', () => {
  const values = ['a b+c&d=e#f', '"<>\\', '%41', 'ünïcødé', '{"json":[1]}', 'x'.repeat(900)]

  test.each(values)('%j comes back byte for byte, with a code and with an error', async (state) => {
    const server = createHarness()
    const clientId = await register(server)
    const success = await signIn(new TestBrowser(server), clientId, newPkce(), { state })
    expect(success.searchParams.getAll('state')).toEqual([state])
    const error = await server.fetch(authorizePath(clientId, newPkce(), { state, response_type: 'x' }))
    expect(answerOf(error).getAll('state')).toEqual([state])
    expect(JSON.stringify(server.log)).not.toContain(state)
  })

  test('is not the state toward the OpenID Provider, nor any part of it', async () => {
    const { server, clientId } = await start()
    const browser = new TestBrowser(server)
    const state = 'abcdefghi'
    const page = await (await browser.open(authorizePath(clientId, newPkce(), { state }))).text()
    const provider = answerOf(await browser.press(page, 'approve'))
    expect(provider.get('state')).toMatch(/^[0-9a-z]{9}\.[\w-]{22}$/)
    expect(provider.get('state')).not.toContain(state)
  })

  test('that cannot be echoed unchanged is refused and not echoed', async () => {
    const { server, clientId } = await start()
    const refused = await server.fetch(`${authorizePath(clientId, newPkce())}&state=%FF%FE`.replace(/state=[^&]*&/, ''))
    expect(answerOf(refused).get('error')).toBe('invalid_request')
    expect(answerOf(refused).has('state')).toBe(false)
  })

  test.each(['other', 'client state'])(
    'and %j beside it: the server cannot know which is meant, so neither comes back',
    async (other) => {
      const { server, clientId } = await start()
      const refused = await server.fetch(
        `${authorizePath(clientId, newPkce())}&${new URLSearchParams({ state: other })}`,
      )
      expect(answerOf(refused).get('error')).toBe('invalid_request')
      expect(answerOf(refused).has('state')).toBe(false)
    },
  )
})

describe('scope', () => {
  test.each([
    ['nothing', {}, 'docs:read'],
    ['unknown scopes', { scope: 'openid profile email claudeai' }, 'docs:read'],
    ['known and unknown scopes', { scope: 'openid docs:feedback docs:read offline_access' }, 'docs:read docs:feedback'],
    ['a scope and something malformed', { scope: ' docs:feedback  "x"' }, 'docs:feedback'],
    ['offline_access alone', { scope: 'offline_access' }, 'docs:read'],
  ])('asked for %s: the answer says what was granted [A-10 D-12]', async (_what, more, granted) => {
    expect(await grantedScope(more)).toBe(granted)
  })

  test('malformed as a whole: invalid_scope [A-10]', async () => {
    const { ask } = await start()
    expect(answerOf(await ask({ scope: '"a" \\b' })).get('error')).toBe('invalid_scope')
  })

  test.each([
    ['docs:read', 'docs:read docs:feedback', 'docs:read docs:feedback'],
    ['docs:feedback', 'docs:read', 'docs:read'],
    ['docs:feedback', '', 'docs:feedback'],
    ['docs:feedback', 'openid', 'docs:feedback'],
  ])('of a client registered for %s that asks for %j: %s [C-14 C-15]', async (scope, asked, granted) => {
    expect(await grantedScope({ scope: asked }, { scope })).toBe(granted)
  })
})

describe('redirects', () => {
  test('every redirect of a sign-in is a 303 that repeats no body and leaves no referrer [A-14]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const browser = new TestBrowser(server)
    const page = await (await browser.open(authorizePath(clientId, newPkce()))).text()
    const approved = await browser.press(page, 'approve')
    const state = answerOf(approved).get('state') ?? ''
    const cancelled = await browser.press(page, 'cancel')
    const back = await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'x' })}`)
    const refused = await server.fetch(authorizePath(clientId, newPkce(), { response_type: 'x' }))
    for (const { status, headers } of [approved, cancelled, back, refused]) {
      expect([status, headers.get('cache-control'), headers.get('referrer-policy')]).toEqual([
        303,
        'no-store',
        'no-referrer',
      ])
    }
  })

  test('the answer keeps the query that was registered, and adds each parameter once [A-15]', async () => {
    const server = createHarness()
    const redirect_uri = 'http://127.0.0.1:7777/callback?from=mcp&x=%20'
    const clientId = await register(server, { redirect_uris: [redirect_uri] })
    const location = await signIn(new TestBrowser(server), clientId, newPkce(), { redirect_uri })
    expect(location.href.startsWith(`${redirect_uri}&`)).toBe(true)
    expect([...location.searchParams.keys()]).toEqual(['from', 'x', 'code', 'state', 'iss'])
  })

  test('the answers of a sign-in only go to registered redirect URIs [A4 A1]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const browser = new TestBrowser(server)
    const page = await (await browser.open(authorizePath(clientId, newPkce()))).text()
    const tampered = page.replace(/value="([^"]{40})(.)/, (_, head, c) => `value="${head}${c === 'A' ? 'B' : 'A'}`)
    expect((await browser.press(tampered, 'approve')).status).toBe(400)
    const state = answerOf(await browser.press(page, 'approve')).get('state') ?? ''
    const query = new URLSearchParams({ state, code: 'x', redirect_uri: 'https://evil.example/' })
    const back = await browser.open(`/mcp/callback?${query}`)
    expect(back.headers.get('location')).toMatch(/^http:\/\/127\.0\.0\.1:7777\/callback\?code=/)
  })
})

describe('errors', () => {
  const wrong: Record<string, string>[] = [
    { response_type: '' },
    { response_type: 'token' },
    { response_mode: 'fragment' },
    { code_challenge: '' },
    { code_challenge: 'short' },
    { code_challenge_method: 'plain' },
    { resource: 'https://other.example/mcp' },
    { resource: 'https://docs.example/mcp#x' },
    { scope: '"' },
    { prompt: 'none' },
    { prompt: 'none login' },
    { request: 'x' },
    { request_uri: 'urn:x' },
  ]

  test.each(wrong)('%j: error, state and iss, with permitted characters only [A-16 A-07 A-08 A-12]', async (more) => {
    const { server, ask } = await start()
    const { error_description: description, ...rest } = Object.fromEntries(answerOf(await ask(more)))
    expect(description).toMatch(descriptionForm)
    expect(rest).toEqual({ error: expect.stringMatching(/^[a-z_]+$/), state: 'client state', iss: server.issuer })
  })

  test.each(wrong)('%j for an untrusted host: a page, and only a click leads there [A-17]', async (more) => {
    const { ask } = await start()
    const response = await ask({ ...more, redirect_uri: untrusted })
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
    expect(await response.text()).toContain('href="https://app.example/callback?error=')
  })

  test('a program that asks for JSON gets the error in JSON [A-04]', async () => {
    const { ask } = await start()
    const response = await ask({ client_id: 'nobody' }, { headers: { accept: 'application/json' } })
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
    expect(await response.json()).toEqual({ error: 'invalid_client', error_description: expect.any(String) })
  })
})

test('a client whose metadata document cannot be fetched: a page, and Retry-After [M-12 T-06]', async () => {
  const id = 'https://client.example/client.json'
  const server = createHarness({ documents: { [id]: { kind: 'unavailable', detail: 'timeout' } } })
  const { status, headers } = await server.fetch(authorizePath(id, newPkce()))
  expect([status, headers.get('retry-after'), headers.get('location')]).toEqual([503, '30', null])
})

describe('prompt [A-12]', () => {
  test.each(['consent', 'login', 'select_account', 'login consent', 'create'])('%s shows the page', async (prompt) => {
    const { ask } = await start()
    expect((await ask({ prompt })).status).toBe(200)
  })

  test.each(['none login', 'login none', 'none consent', 'none none', 'none create'])(
    '%s contradicts itself: invalid_request, not login_required',
    async (prompt) => {
      const { ask } = await start()
      expect(answerOf(await ask({ prompt })).get('error')).toBe('invalid_request')
    },
  )

  test('none never redirects with a code, even in a browser that has just signed in', async () => {
    const { server, clientId } = await start()
    const browser = new TestBrowser(server)
    await signIn(browser, clientId, newPkce())
    const silent = await browser.open(authorizePath(clientId, newPkce(), { prompt: 'none' }))
    expect(answerOf(silent).get('error')).toBe('login_required')
  })
})

test.each([
  'https://docs.example/mcp',
  'https://docs.example/mcp/',
  'HTTPS://DOCS.example:443/mcp',
  'https://docs.example',
  'https://docs.example/',
  'https://docs.example/mcp?x=1',
  'https://docs.example/mcp/?x=1&x=2',
  'https://docs.example/mcp?',
  'https://docs.example?tenant=a',
])('resource %s is this server’s, and the token has the configured spelling [A-09 T-16]', async (resource) => {
  const server = createHarness()
  const clientId = await register(server)
  const pkce = newPkce()
  const code = (await signIn(new TestBrowser(server), clientId, pkce, { resource })).searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: pkce.verifier, resource }
  const { body } = await token(server, form)
  const claims = JSON.parse(Buffer.from(body.access_token?.split('.')[1] ?? '', 'base64url').toString())
  expect(claims.aud).toBe('https://docs.example/mcp')
})

test.each([
  'https://docs.example/other',
  'https://docs.example/other?/mcp',
  'https://docs.example/mcp/more?x=1',
  'https://docs.example.evil/mcp?x=https://docs.example/mcp',
  'https://docs.example/mcp?x=1#',
  'https://docs.example/mcp#',
  'https://user@docs.example/mcp',
  'http://docs.example/mcp',
  'mcp',
  // Not a URI as it is written, although `URL` repairs it, or another path.
  'https:docs.example/mcp',
  'https:///docs.example/mcp',
  'https://docs.example\\mcp',
  ' https://docs.example/mcp',
  'https://docs.example/mcp ',
  'https://docs.example/mcp\u0000',
  'https://docs.example/m\tcp',
  'https://docs\t.example/mcp',
  'https://docs.example/./mcp',
  'https://docs.example/other/../mcp',
  'https://docs.example/other/%2e%2e/mcp',
  'https://docs.example/%6dcp',
  'https://docs.example//mcp',
  'https://docs.example/mcp//',
])('resource %s is not this server’s: invalid_target [A-09]', async (resource) => {
  const { ask } = await start()
  expect(answerOf(await ask({ resource })).get('error')).toBe('invalid_target')
})
