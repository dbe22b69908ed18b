import { createLocalJWKSet, jwtVerify } from 'jose'
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
} from '../../dev/worlds/authorization-server.ts'

async function signedIn(more: Record<string, string> = {}) {
  const server = createHarness()
  const clientId = await register(server)
  const pkce = newPkce()
  const location = await signIn(new TestBrowser(server), clientId, pkce, more)
  const code = location.searchParams.get('code') ?? ''
  const form = {
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    code_verifier: pkce.verifier,
    redirect_uri: redirectUri,
  }
  return { server, clientId, pkce, location, code, form }
}

describe('a sign-in', () => {
  test('returns to the client with code, state and iss, and its tokens verify with the published keys [D-03 A-15 A29 T-04 T-16 T-17 B8-3 B8-15]', async () => {
    const { server, clientId, location, form } = await signedIn()
    expect(location.origin + location.pathname).toBe(redirectUri)
    expect([...location.searchParams.keys()].sort()).toEqual(['code', 'iss', 'state'])
    expect(location.searchParams.get('state')).toBe('client state')
    expect(location.searchParams.get('iss')).toBe(server.issuer)

    const { status, body } = await token(server, form)
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'docs:read' })
    const jwks = await (await server.fetch('/.well-known/jwks.json')).json()
    const { payload, protectedHeader } = await jwtVerify(body.access_token ?? '', createLocalJWKSet(jwks), {
      issuer: server.issuer,
      audience: `${server.issuer}/mcp`,
      typ: 'at+jwt',
      algorithms: ['RS256'],
      currentDate: new Date(server.clock),
    })
    expect(protectedHeader.kid).toBe(jwks.keys[0].kid)
    expect(payload).toMatchObject({
      client_id: clientId,
      email: 'reader@example.com',
      email_verified: true,
      org_id: 'org_1',
      org_name: 'Example Organization',
      scope: 'docs:read',
    })
    expect(server.signIns).toMatchObject([{ email: 'reader@example.com', client: { name: 'Test client' } }])
  })

  test('a code is under 1 KB, and not much longer when every member is as long as possible [A-19]', async () => {
    const host = `${'h'.repeat(62)}.`.repeat(4).slice(0, -1)
    const redirect_uri = `https://${host}/callback`
    const server = createHarness({ trustedRedirects: [host] })
    server.identity = {
      issuer: 'https://login.example/',
      sub: 's'.repeat(255),
      email: `${'e'.repeat(242)}@example.com`,
      emailVerified: true,
      organization: { id: 'o'.repeat(100), name: 'n'.repeat(100) },
    }
    const clientId = await register(server, { client_name: 'n'.repeat(400), redirect_uris: [redirect_uri] })
    const more = { scope: 'docs:read docs:feedback', redirect_uri }
    const location = await signIn(new TestBrowser(server), clientId, newPkce(), more)
    expect(location.searchParams.get('code')?.length).toBeLessThan(1850)
    const usual = createHarness()
    const short = await signIn(new TestBrowser(usual), await register(usual), newPkce())
    expect(short.searchParams.get('code')?.length).toBeLessThan(1000)
  })
})

describe('the code', () => {
  test('redeemed 50 times at once: one answer with tokens, one grant, which the replay ends [T-13 T-14 A21 B8-5]', async () => {
    const { server, form } = await signedIn()
    const answers = await Promise.all(Array.from({ length: 50 }, () => token(server, form)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(49)
    expect((await server.store.list('grants/', AbortSignal.timeout(60_000))).keys).toHaveLength(1)
    const refresh_token = answers.find(({ status }) => status === 200)?.body.refresh_token ?? ''
    const refreshed = await token(server, { grant_type: 'refresh_token', client_id: form.client_id, refresh_token })
    expect(refreshed.body.error).toBe('invalid_grant')
  })

  test.each([
    ['a wrong verifier', { code_verifier: 'x'.repeat(43) }, 'invalid_grant'],
    ['a short verifier', { code_verifier: 'x' }, 'invalid_grant'],
    ['no verifier', { code_verifier: '' }, 'invalid_grant'],
    ['another redirect_uri', { redirect_uri: 'http://127.0.0.1:1/callback' }, 'invalid_grant'],
    ['another resource', { resource: 'https://other.example/mcp' }, 'invalid_target'],
    ['no client_id', { client_id: '' }, 'invalid_request'],
    ['an unknown client_id', { client_id: 'somebody' }, 'invalid_client'],
    ['the URL of another client', { client_id: 'https://other.example/client.json' }, 'invalid_grant'],
    ['another grant type', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['a secret', { client_secret: 'x' }, 'invalid_client'],
  ])('is not used up by a request with %s [T-07 T-11 T-12 T-24 A2 A5 A12 B8-5 B8-7]', async (_what, wrong, error) => {
    const { server, form } = await signedIn()
    expect((await token(server, { ...form, ...wrong })).body.error).toBe(error)
    expect((await token(server, form)).status).toBe(200)
  })

  test('expires after 60 seconds [A-19]', async () => {
    const { server, form } = await signedIn()
    server.clock += 60_000
    expect((await token(server, form)).body.error).toBe('invalid_grant')
  })

  test('of one client cannot be used by another [A-19 T-11]', async () => {
    const { server, form } = await signedIn()
    const other = await register(server, { client_name: 'Other' })
    expect((await token(server, { ...form, client_id: other })).body.error).toBe('invalid_grant')
    expect((await token(server, form)).status).toBe(200)
  })
})

describe('a refresh', () => {
  async function refreshed() {
    const { server, form, clientId } = await signedIn({ scope: 'docs:read docs:feedback' })
    const { body } = await token(server, form)
    const refresh = (refresh_token = '', more = {}) =>
      token(server, { grant_type: 'refresh_token', client_id: clientId, refresh_token, ...more })
    return { server, refresh, first: body.refresh_token, body }
  }

  test('50 at once with one token: 50 successes with one and the same new refresh token [T-21 A22]', async () => {
    const { refresh, first } = await refreshed()
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(first)))
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
    expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(50)
  })

  test('a client that lost the answer gets the identical successor within the grace window [T-21 B8-6]', async () => {
    const { server, refresh, first } = await refreshed()
    const second = (await refresh(first)).body.refresh_token
    server.clock += 60_000
    expect((await refresh(first)).body.refresh_token).toBe(second)
    expect((await refresh(second)).status).toBe(200)
  })

  test('after the grace window the predecessor ends the grant [T-21]', async () => {
    const { server, refresh, first } = await refreshed()
    const second = (await refresh(first)).body.refresh_token
    server.clock += 61_000
    expect((await refresh(first)).body.error).toBe('invalid_grant')
    expect((await refresh(second)).body.error).toBe('invalid_grant')
    expect(server.log.map(({ event }) => event)).toContain('refresh_reused')
  })

  test('a token two generations old ends the grant [T-21]', async () => {
    const { refresh, first } = await refreshed()
    const second = (await refresh(first)).body.refresh_token
    const third = (await refresh(second)).body.refresh_token
    expect((await refresh(first)).body.error).toBe('invalid_grant')
    expect((await refresh(third)).body.error).toBe('invalid_grant')
  })

  test('a narrower scope shapes the access token only [T-20]', async () => {
    const { refresh, first } = await refreshed()
    const narrow = await refresh(first, { scope: 'docs:read' })
    expect(narrow.body.scope).toBe('docs:read')
    expect((await refresh(narrow.body.refresh_token)).body.scope).toBe('docs:read docs:feedback')
  })

  test('a wider scope gets the granted scope; a scope without any granted part is invalid_scope and uses nothing up; unknown scopes are left out [T-20]', async () => {
    const { server, form, clientId } = await signedIn({ scope: 'openid docs:read' })
    const refresh_token = (await token(server, form)).body.refresh_token ?? ''
    const refresh = (scope: string) =>
      token(server, { grant_type: 'refresh_token', client_id: clientId, refresh_token, scope })
    for (const [asked, given] of [
      ['docs:read', 'docs:read'],
      ['docs:read docs:feedback', 'docs:read'],
      ['docs:feedback docs:read', 'docs:read'],
      ['docs:read docs:read', 'docs:read'],
      ['openid docs:read offline_access', 'docs:read'],
      // The client asked for an unknown scope first.
      ['openid', 'docs:read'],
      ['offline_access', 'docs:read'],
      ['', 'docs:read'],
    ] as const) {
      const answer = await refresh(asked)
      expect([answer.status, answer.body.scope]).toEqual([200, given])
      const claims = JSON.parse(Buffer.from(answer.body.access_token?.split('.')[1] ?? '', 'base64url').toString())
      expect(claims.scope).toBe(given)
    }
    for (const scope of ['docs:feedback', 'docs:feedback openid', 'docs:feedback  docs:feedback']) {
      expect(await refresh(scope)).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    }
  })

  test('a token expires after 30 idle days, and never lives longer than 180 days [T-23 F-12 B8-17]', async () => {
    const { server, refresh, first } = await refreshed()
    let current = first
    for (let i = 0; i < 6; i++) {
      server.clock += 29 * 86_400_000
      current = (await refresh(current)).body.refresh_token
      expect(current).toBeDefined()
    }
    server.clock += 7 * 86_400_000
    expect((await refresh(current)).body.error).toBe('invalid_grant')
  })

  test('an access token cannot be used as a refresh token [T-28 A13]', async () => {
    const { refresh, body, first } = await refreshed()
    expect((await refresh(body.access_token)).body.error).toBe('invalid_grant')
    expect((await refresh(first)).status).toBe(200)
  })
})

describe('the authorization endpoint', () => {
  test.each([
    ['unknown client', { client_id: 'nobody' }],
    ['unregistered redirect_uri', { redirect_uri: 'https://evil.example/' }],
    ['another path', { redirect_uri: 'http://127.0.0.1:7777/other' }],
  ])('%s: a page, and no redirect [A-04 A-05 A1 B8-4]', async (_what, wrong) => {
    const server = createHarness()
    const response = await server.fetch(authorizePath(await register(server), newPkce(), wrong))
    expect(response.status).toBe(400)
    expect(response.headers.get('location')).toBeNull()
    expect(response.headers.get('content-type')).toContain('text/html')
  })

  test.each([
    ['no code_challenge', { code_challenge: '' }, 'invalid_request'],
    ['plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['no method', { code_challenge_method: '' }, 'invalid_request'],
    ['implicit', { response_type: 'token' }, 'unsupported_response_type'],
    ['another resource', { resource: 'https://other.example/mcp' }, 'invalid_target'],
    ['request object', { request: 'x' }, 'request_not_supported'],
    ['request_uri', { request_uri: 'https://evil.example/' }, 'request_uri_not_supported'],
    ['prompt=none', { prompt: 'none' }, 'login_required'],
    ['form_post', { response_mode: 'form_post' }, 'invalid_request'],
  ])(
    '%s: an error to the client, with iss and state [A-07 A-08 A-09 A-12 A-13 A-16 A2 A12 A29 B8-3]',
    async (_what, wrong, error) => {
      const server = createHarness()
      const response = await server.fetch(authorizePath(await register(server), newPkce(), wrong))
      expect(response.status).toBe(303)
      const { searchParams } = new URL(response.headers.get('location') ?? '')
      expect(searchParams.get('error')).toBe(error)
      expect(searchParams.get('iss')).toBe(server.issuer)
      expect(searchParams.get('state')).toBe('client state')
    },
  )

  test('an error for an untrusted host is a page with a link, not a redirect [A-17]', async () => {
    const server = createHarness({ trustedRedirects: ['claude.ai'] })
    const uris = { redirect_uris: ['https://app.example/cb', 'https://claude.ai/cb'] }
    const clientId = await register(server, uris)
    const unknown = await server.fetch(
      authorizePath(clientId, newPkce(), { redirect_uri: 'https://app.example/cb', response_type: 'x' }),
    )
    expect([unknown.status, unknown.headers.get('location')]).toEqual([400, null])
    const trusted = await server.fetch(
      authorizePath(clientId, newPkce(), { redirect_uri: 'https://claude.ai/cb', response_type: 'x' }),
    )
    expect(trusted.status).toBe(303)
  })
})

describe('consent', () => {
  async function shown() {
    const server = createHarness()
    const clientId = await register(server)
    const browser = new TestBrowser(server)
    const page = await (await browser.open(authorizePath(clientId, newPkce()))).text()
    return { server, browser, page, clientId }
  }

  test('is asked for before the browser goes to the provider; only approval sets the cookie that the callback needs [C-01 C-09 C-10 F-01 A8 B8-1]', async () => {
    const { browser, page } = await shown()
    expect([...browser.cookies.keys()]).toEqual(['__Host-browser'])
    const approved = await browser.press(page, 'approve')
    expect(approved.status).toBe(303)
    expect(new URL(approved.headers.get('location') ?? '').origin).toBe('https://login.example')
    expect(approved.headers.getSetCookie().join()).toMatch(
      /__Host-tx\.[^;]+; Max-Age=86400; Path=\/; HttpOnly; Secure; SameSite=Lax/,
    )
  })

  test('canceled: access_denied to the client [C-11]', async () => {
    const { browser, page } = await shown()
    const denied = await browser.press(page, 'cancel')
    expect(new URL(denied.headers.get('location') ?? '').searchParams.get('error')).toBe('access_denied')
  })

  test.each([
    ['posted by another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['from a sibling site', { 'sec-fetch-site': 'same-site' }],
    ['with Origin: null', { origin: 'null' }],
  ])('%s is refused [C-08 A10 B8-1]', async (_what, headers) => {
    const { browser, page } = await shown()
    const response = await browser.press(page, 'approve', headers)
    expect([response.status, response.headers.get('location'), response.headers.getSetCookie()]).toEqual([
      403,
      null,
      [],
    ])
  })

  test('of another browser is refused [C-08 A10 A27]', async () => {
    const { server, page, clientId } = await shown()
    const other = new TestBrowser(server)
    expect((await other.press(page, 'approve')).status).toBe(403)
    expect([...other.cookies]).toEqual([])
    // A browser with a cookie of its own sees the page again and needs another click.
    await other.open(authorizePath(clientId, newPkce()))
    const again = await other.press(page, 'approve')
    expect([again.status, again.headers.get('location'), [...other.cookies.keys()]]).toEqual([
      200,
      null,
      ['__Host-browser'],
    ])
    expect((await other.press(await again.text(), 'approve')).status).toBe(303)
  })

  test('shown twice, or in two tabs, works in both [C-08 A10]', async () => {
    const { browser, page, clientId } = await shown()
    const second = await (await browser.open(authorizePath(clientId, newPkce()))).text()
    expect((await browser.press(page, 'approve')).status).toBe(303)
    expect((await browser.press(second, 'approve')).status).toBe(303)
  })

  test('expires after ten minutes [C-08]', async () => {
    const { server, browser, page } = await shown()
    server.clock += 600_000
    const response = await browser.press(page, 'approve')
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
  })
})

describe('the callback', () => {
  test('of another browser than the one that approved is refused without asking the provider [F-02 A9 A27 B8-1 B8-2]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const browser = new TestBrowser(server)
    const page = await (await browser.open(authorizePath(clientId, newPkce()))).text()
    const location = new URL((await browser.press(page, 'approve')).headers.get('location') ?? '')
    const path = `/mcp/callback?${new URLSearchParams({ state: location.searchParams.get('state') ?? '', code: 'x' })}`
    const elsewhere = await new TestBrowser(server).open(path)
    expect([elsewhere.status, elsewhere.headers.get('location')]).toEqual([403, null])
    expect((await browser.open(path)).status).toBe(303)
  })

  test('many open sign-ins stay under 7,500 bytes of cookies, and the newest works [A-21]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const browser = new TestBrowser(server)
    for (let i = 0; i < 12; i++) {
      server.clock += 1000
      const page = await (await browser.open(authorizePath(clientId, newPkce(), { state: 's'.repeat(800) }))).text()
      await browser.press(page, 'approve')
      const open = [...browser.cookies].filter(([name]) => name.startsWith('__Host-tx.'))
      expect(open.map(([name, value]) => `${name}=${value}; `).join('').length).toBeLessThan(7500)
      for (const [name, value] of browser.cookies) expect(name.length + value.length).toBeLessThan(3072)
    }
    const pkce = newPkce()
    const location = await signIn(browser, clientId, pkce)
    expect(location.searchParams.get('code')).toBeTruthy()
  })
})

describe('an untrusted redirect host', () => {
  const unknown = 'https://app.example/callback'

  async function signedInFor(redirect_uri: string) {
    const server = createHarness({ trustedRedirects: ['claude.ai'] })
    const clientId = await register(server, { redirect_uris: [redirect_uri] })
    const browser = new TestBrowser(server)
    const pkce = newPkce()
    const page = await (await browser.open(authorizePath(clientId, pkce, { redirect_uri }))).text()
    const provider = new URL((await browser.press(page, 'approve')).headers.get('location') ?? '')
    const state = provider.searchParams.get('state') ?? ''
    const callback = () => browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'upstream-code' })}`)
    const answer = (action: string, by = browser, headers = {}) =>
      by.open('/oauth/confirm', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: server.issuer, ...headers },
        body: new URLSearchParams({ state, action }),
      })
    return { server, clientId, pkce, browser, callback, answer }
  }

  test('needs a confirmation after the sign-in, and no code exists before [A-17]', async () => {
    const { server, clientId, pkce, callback, answer } = await signedInFor(unknown)
    const asked = await callback()
    expect([asked.status, asked.headers.get('location')]).toEqual([200, null])
    const page = await asked.text()
    expect(page).toContain('reader@example.com')
    expect(page).toContain('app.example')
    expect(server.log.map(({ event }) => event)).not.toContain('code_issued')

    const confirmed = await answer('confirm')
    const location = new URL(confirmed.headers.get('location') ?? '')
    expect(location.origin).toBe('https://app.example')
    const form = { grant_type: 'authorization_code', client_id: clientId, code_verifier: pkce.verifier }
    expect((await token(server, { ...form, code: location.searchParams.get('code') ?? '' })).status).toBe(200)
    // A double click gives the same code while it is valid.
    expect((await answer('confirm')).headers.get('location')).toBe(location.href)
    server.clock += 60_000
    const again = await answer('confirm')
    expect([again.status, again.headers.get('location')]).toEqual([200, null])
    expect(await again.text()).not.toContain('code=')
  })

  test('gets one grant, even if a kept cookie is used to confirm again [A-17 F-02]', async () => {
    const { server, clientId, pkce, browser, callback, answer } = await signedInFor(unknown)
    await callback()
    const kept = new TestBrowser(server)
    for (const [name, value] of browser.cookies) kept.cookies.set(name, value)
    const form = { grant_type: 'authorization_code', client_id: clientId, code_verifier: pkce.verifier }
    const redeem = async (by: TestBrowser) => {
      const location = new URL((await answer('confirm', by)).headers.get('location') ?? '')
      return token(server, { ...form, code: location.searchParams.get('code') ?? '' })
    }
    expect((await redeem(browser)).status).toBe(200)
    expect((await redeem(kept)).body.error).toBe('invalid_grant')
    expect((await server.store.list('grants/', AbortSignal.timeout(60_000))).keys).toHaveLength(1)
  })

  test('a trusted host and a program on this computer need no confirmation', async () => {
    for (const uri of ['https://claude.ai/api/mcp/auth_callback', redirectUri]) {
      const { callback } = await signedInFor(uri)
      expect(new URL((await callback()).headers.get('location') ?? '').searchParams.get('code')).toBeTruthy()
    }
  })

  test('gets access_denied by a click when the user cancels [A-17 C-11]', async () => {
    const { callback, answer } = await signedInFor(unknown)
    await callback()
    const denied = await answer('cancel')
    expect([denied.status, denied.headers.get('location')]).toEqual([200, null])
    expect(await denied.text()).toContain('error=access_denied')
    expect((await answer('confirm')).status).toBe(403)
  })

  test('cannot be confirmed by another site, in another browser, before the sign-in, or after five minutes [A-17 A27]', async () => {
    const { server, callback, answer } = await signedInFor(unknown)
    expect((await answer('confirm')).status).toBe(403)
    await callback()
    for (const headers of [{ origin: 'https://app.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
      expect((await answer('confirm', undefined, headers)).status).toBe(403)
    }
    expect((await answer('confirm', new TestBrowser(server))).status).toBe(403)
    server.clock += 300_000
    expect((await answer('confirm')).status).toBe(403)
    expect(server.log.map(({ event }) => event)).not.toContain('code_issued')
  })
})

describe('the consent page switched off', () => {
  const trusted = 'https://claude.ai/api/mcp/auth_callback'
  const own = { 'sec-fetch-site': 'none' }

  async function ask(redirect_uri: string, headers: Record<string, string>, more = {}, interstitial = false) {
    const server = createHarness({ trustedRedirects: ['claude.ai'], interstitial })
    const clientId = await register(server, { redirect_uris: [redirect_uri] })
    const browser = new TestBrowser(server)
    const response = await browser.open(authorizePath(clientId, newPkce(), { redirect_uri, ...more }), { headers })
    return { response, browser }
  }

  test('users who came directly go straight to the provider, for a trusted host', async () => {
    const { response, browser } = await ask(trusted, own)
    const provider = new URL(response.headers.get('location') ?? '')
    expect([response.status, provider.origin]).toEqual([303, 'https://login.example'])
    const state = provider.searchParams.get('state') ?? ''
    const back = await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'x' })}`)
    expect(new URL(back.headers.get('location') ?? '').searchParams.get('code')).toBeTruthy()
  })

  test.each([
    ['a link on another site', trusted, { 'sec-fetch-site': 'cross-site' }, {}],
    ['a sibling site', trusted, { 'sec-fetch-site': 'same-site' }, {}],
    ['a browser that does not say', trusted, {}, {}],
    ['a client that asks for consent', trusted, own, { prompt: 'consent' }],
    ['an untrusted host', 'https://app.example/cb', own, {}],
    ['a program on this computer', redirectUri, own, {}],
    ['an app’s own scheme', 'cursor://anysphere.cursor-mcp/oauth/callback', own, {}],
  ])('still shows it for %s [C-06 C-07 A8 A11]', async (_what, uri, headers, more) => {
    const { response } = await ask(uri, headers, more)
    expect([response.status, response.headers.get('location')]).toEqual([200, null])
  })

  test('must be switched off: by default every user sees the page [C-01 C-06 C-07]', async () => {
    expect((await ask(trusted, own, {}, true)).response.status).toBe(200)
  })
})
