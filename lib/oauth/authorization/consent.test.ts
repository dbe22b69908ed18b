import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  type Harness,
  newPkce,
  redirectUri,
  register,
  signIn,
  TestBrowser,
  token,
} from '../../../dev/worlds/authorization-server.ts'
import { sha256 } from '../../base/sha256.ts'
import type { Client } from '../clients/client.ts'

const shared = 'https://vendor.example/client.json'

function document(more: Partial<Client> = {}): Client {
  return {
    id: shared,
    hash: sha256(shared),
    source: 'metadata-document',
    name: 'Vendor',
    verifiedHost: 'vendor.example',
    redirectUris: [redirectUri],
    grantTypes: ['authorization_code', 'refresh_token'],
    authenticationMethods: ['none'],
    ...more,
  }
}

async function tokensOf(server: Harness, browser: TestBrowser, clientId: string, more: Record<string, string> = {}) {
  const pkce = newPkce()
  const code = (await signIn(browser, clientId, pkce, more)).searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: pkce.verifier }
  return (await token(server, form)).body
}

const refresh = (server: Harness, clientId: string, refresh_token = '') =>
  token(server, { grant_type: 'refresh_token', client_id: clientId, refresh_token })

describe('a user who has agreed before', () => {
  test.each(['none', 'same-origin', 'same-site', 'cross-site'])(
    'is asked again for the same client, on a request with Sec-Fetch-Site: %s [C-06 C-07 A8 A11]',
    async (site) => {
      const server = createHarness()
      const clientId = await register(server)
      const browser = new TestBrowser(server)
      await signIn(browser, clientId, newPkce())
      const again = await browser.open(authorizePath(clientId, newPkce()), { headers: { 'sec-fetch-site': site } })
      expect([again.status, again.headers.get('location')]).toEqual([200, null])
      expect(await again.text()).toContain('value="approve"')
    },
  )

  test('is shown what has changed: another scope, another redirect URI, another name [C-12]', async () => {
    const documents: Record<string, Client> = { [shared]: document() }
    const server = createHarness({ documents })
    const browser = new TestBrowser(server)
    await signIn(browser, shared, newPkce())
    documents[shared] = document({ name: 'New name', redirectUris: ['https://elsewhere.example/cb'] })
    const more = { redirect_uri: 'https://elsewhere.example/cb', scope: 'docs:read docs:feedback' }
    const page = await (await browser.open(authorizePath(shared, newPkce(), more))).text()
    for (const shown of ['New name', 'elsewhere.example', 'Send feedback']) expect(page).toContain(shown)
    expect((await browser.open(authorizePath(shared, newPkce()))).status).toBe(400)
  })

  test('may grant more without losing an earlier grant, on this device or another [C-15 M-18]', async () => {
    const server = createHarness({ documents: { [shared]: document() } })
    const phone = await tokensOf(server, new TestBrowser(server), shared, { scope: 'docs:read' })
    const laptop = new TestBrowser(server)
    const first = await tokensOf(server, laptop, shared, { scope: 'docs:read' })
    const more = await tokensOf(server, laptop, shared, { scope: 'docs:read docs:feedback' })
    expect(decodeJwt(more.access_token ?? '').sub).toBe(decodeJwt(phone.access_token ?? '').sub)
    const scopes = [phone, first, more].map((tokens) => refresh(server, shared, tokens.refresh_token))
    expect((await Promise.all(scopes)).map(({ body }) => body.scope)).toEqual([
      'docs:read',
      'docs:read',
      'docs:read docs:feedback',
    ])
  })
})

describe('the cookies of a sign-in', () => {
  test('belong to this host, are kept from scripts, and name no domain [C-09]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const browser = new TestBrowser(server)
    const shown = await browser.open(authorizePath(clientId, newPkce()))
    const approved = await browser.press(await shown.text(), 'approve')
    const cookies = [...shown.headers.getSetCookie(), ...approved.headers.getSetCookie()]
    expect(cookies.map((cookie) => cookie.replace(/=[^;]*/, ''))).toEqual([
      '__Host-browser; Path=/; HttpOnly; Secure; SameSite=Lax',
      expect.stringMatching(/^__Host-tx\.[\w.-]+; Max-Age=86400; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ])
    expect(cookies.join()).not.toContain(clientId)
  })

  test('do not satisfy the callback before the approval, or when a name appears twice [C-10 C-09 F-02]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const browser = new TestBrowser(server)
    const page = await (await browser.open(authorizePath(clientId, newPkce()))).text()
    const only = browser.cookies.get('__Host-browser') ?? ''
    const provider = new URL((await browser.press(page, 'approve')).headers.get('location') ?? '')
    const state = provider.searchParams.get('state') ?? ''
    const path = `/mcp/callback?${new URLSearchParams({ state, code: 'x' })}`
    const name = `__Host-tx.${state}`
    const value = browser.cookies.get(name)
    for (const cookie of [
      `__Host-browser=${only}`,
      `__Host-browser=${only}; ${name}=${only}`,
      `${name}=${value}; ${name}=${value}`,
    ]) {
      const response = await server.fetch(path, { headers: { cookie } })
      expect([response.status, response.headers.get('location')]).toEqual([403, null])
    }
    expect((await browser.open(path)).status).toBe(303)
    // The remaining cookie only says that the sign-in has expired.
    expect(browser.cookies.get(name)).not.toBe(value)
    const again = await browser.open(path)
    expect([again.status, again.headers.get('location')]).toEqual([200, null])
    expect(server.log.filter(({ event }) => event === 'code_issued')).toHaveLength(1)
  })

  test('of one sign-in do not finish another [F-02 A27]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const browser = new TestBrowser(server)
    const stateOf = async () => {
      const page = await (await browser.open(authorizePath(clientId, newPkce()))).text()
      return (
        new URL((await browser.press(page, 'approve')).headers.get('location') ?? '').searchParams.get('state') ?? ''
      )
    }
    const [one, other] = [await stateOf(), await stateOf()]
    const cookie = `__Host-tx.${one}=${browser.cookies.get(`__Host-tx.${other}`)}`
    const path = `/mcp/callback?${new URLSearchParams({ state: one, code: 'x' })}`
    expect((await server.fetch(path, { headers: { cookie } })).status).toBe(403)
  })

  test('expire with the transaction, whatever the browser keeps [F-01]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const browser = new TestBrowser(server)
    const page = await (await browser.open(authorizePath(clientId, newPkce()))).text()
    const provider = new URL((await browser.press(page, 'approve')).headers.get('location') ?? '')
    server.clock += 600_000
    const state = provider.searchParams.get('state') ?? ''
    const late = await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'x' })}`)
    expect([late.status, late.headers.get('location'), late.headers.getSetCookie()]).toEqual([403, null, []])
    server.clock += 86_400_000 - 600_000
    expect((await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'x' })}`)).status).toBe(403)
    expect(server.log.map(({ event }) => event)).not.toContain('code_issued')
  })
})

test('cancel: access_denied with state and iss, and no sign-in begins [C-11]', async () => {
  const server = createHarness()
  const clientId = await register(server)
  const browser = new TestBrowser(server)
  const page = await (await browser.open(authorizePath(clientId, newPkce()))).text()
  const denied = await browser.press(page, 'cancel')
  const { error_description: _, ...rest } = Object.fromEntries(
    new URL(denied.headers.get('location') ?? '').searchParams,
  )
  expect(rest).toEqual({ error: 'access_denied', state: 'client state', iss: server.issuer })
  expect(denied.headers.getSetCookie()).toEqual([])
})

/** Netlify SEC-790, and the three categories of arXiv 2605.22333: open environment, registration, delegation. */
test('a hostile client that sends a victim links gets no identity without the victim’s own consent [A30 A31 A8 A9 A13 F-11]', async () => {
  const server = createHarness()
  const evil = 'https://evil.example/callback'
  const clientId = await register(server, { client_name: 'Claude', redirect_uris: [evil] })
  const pkce = newPkce()
  const link = authorizePath(clientId, pkce, { redirect_uri: evil })

  // The victim is signed in at the provider, and has used this service: the link still shows a page that names evil.example.
  const victim = new TestBrowser(server)
  await signIn(victim, await register(server), newPkce())
  const shown = await victim.open(link, { headers: { 'sec-fetch-site': 'cross-site' } })
  expect([shown.status, shown.headers.get('location')]).toEqual([200, null])
  expect(await shown.text()).toMatch(/Connect <b>evil(?:<wbr>)?\.(?:<wbr>)?example/)

  // The attacker approves in the attacker's browser, and sends the victim on from there.
  const attacker = new TestBrowser(server)
  const page = await (await attacker.open(link)).text()
  const approved = await attacker.press(page, 'approve')
  const state = new URL(approved.headers.get('location') ?? '').searchParams.get('state') ?? ''
  const finish = `/mcp/callback?${new URLSearchParams({ state, code: 'the-victim-s' })}`
  expect((await victim.open(finish)).status).toBe(403)

  // A page of the attacker cannot make the victim's browser approve or confirm.
  const cross = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  const before = [...victim.cookies.keys()]
  expect((await victim.press(page, 'approve', cross)).status).toBe(403)
  const posted = await victim.press(page, 'approve')
  expect([posted.headers.get('location'), [...victim.cookies.keys()]]).toEqual([null, before])

  // No sealed value that the attacker has is a token.
  for (const [, value] of attacker.cookies) {
    const form = { client_id: clientId, code_verifier: pkce.verifier, code: value, refresh_token: value }
    for (const grant_type of ['authorization_code', 'refresh_token']) {
      expect((await token(server, { ...form, grant_type })).body.error).toBe('invalid_grant')
    }
  }
  expect(server.log.filter(({ event }) => event === 'code_issued')).toHaveLength(1)
})
