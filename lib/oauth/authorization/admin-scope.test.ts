import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  type Harness,
  newPkce,
  redirectUri,
  register,
  sealedRequest,
  TestBrowser,
  type TokenBody,
  token,
} from '../../../dev/worlds/authorization-server.ts'
import { sha256 } from '../../base/sha256.ts'

// The scope of admins by client, person, box and setting (N8).

const trusted = 'https://claude.ai/api/mcp/auth_callback'
const untrusted = 'https://claude.ai.evil.example/callback'
const asked = 'docs:read docs:admin'
const operatorToken = 'introspection-token-of-a-resource-server-1234'

const configured = [
  { client_id: 'ours', redirect_uris: [redirectUri] },
  { client_id: 'reader', redirect_uris: [redirectUri], scope: 'docs:read' },
  { client_id: 'console', redirect_uris: [redirectUri], scope: 'docs:read docs:admin' },
]
const documentId = 'https://clients.example/client.json'
const documentOf = (uri: string) => ({
  id: documentId,
  hash: sha256(documentId),
  source: 'metadata-document' as const,
  verifiedHost: 'clients.example',
  redirectUris: [uri],
  grantTypes: ['authorization_code', 'refresh_token'],
  authenticationMethods: ['none' as const],
})

interface Setting {
  /** Who is an admin. Absent: the service has no admins. */
  isAdmin?: (since: number) => boolean
  interstitial?: boolean
}

function world({ isAdmin, interstitial = true }: Setting = { isAdmin: () => true }, document = redirectUri): Harness {
  return createHarness({
    configured,
    documents: { [documentId]: documentOf(document) },
    trustedRedirects: ['claude.ai'],
    introspectionTokens: [operatorToken],
    interstitial,
    ...(isAdmin && {
      scopeRules: {
        mayHave: (scope, person, since) =>
          scope !== 'docs:admin' || (person.email === 'reader@example.com' && isAdmin(since)),
        isOffered: () => true,
      },
    }),
  })
}

/** Signs in with these boxes ticked. */
async function connect(server: Harness, clientId: string, uri: string, ticked: readonly string[], scope = asked) {
  const browser = new TestBrowser(server)
  const pkce = newPkce()
  const answer = await browser.open(authorizePath(clientId, pkce, { scope, redirect_uri: uri }), {
    headers: { 'sec-fetch-site': 'none' },
  })
  const page = answer.status === 200 ? await answer.text() : ''
  const approved = await browser.open('/oauth/approve', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: server.issuer },
    body: new URLSearchParams([
      ['request', sealedRequest(page)],
      ['action', 'approve'],
      ...ticked.map((value): [string, string] => ['add', value]),
    ]),
  })
  const state = new URL(approved.headers.get('location') ?? '').searchParams.get('state') ?? ''
  const back = await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'x' })}`)
  const client = { page, clientId, refresh: (refresh_token = '', more: Record<string, string> = {}) => token(server, { grant_type: 'refresh_token', client_id: clientId, refresh_token, ...more }) } // biome-ignore format: one line
  const location = back.headers.get('location')
  const code = location === null ? await confirmed(browser, state) : new URL(location).searchParams.get('code')
  const form = { grant_type: 'authorization_code', client_id: clientId, code: code ?? '', code_verifier: pkce.verifier }
  return { ...client, body: (await token(server, form)).body }
}

async function confirmed(browser: TestBrowser, state: string): Promise<string | null> {
  const answer = await browser.open('/oauth/confirm', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: browser.server.issuer },
    body: new URLSearchParams({ state, action: 'confirm' }),
  })
  return new URL(answer.headers.get('location') ?? '').searchParams.get('code')
}

/** The scope of a token, which its answer must repeat. */
function scopeOf({ access_token, scope }: TokenBody) {
  const claims = decodeJwt(access_token ?? '')
  expect([claims.scope, claims.scope_left_out]).toEqual([scope, undefined])
  return scope
}
const box = '<input type="checkbox" form="answer" name="add" value="docs:admin">'

describe('by client, if the user is an admin and ticks the box [N8]', () => {
  const dcr = (uri: string) => (server: Harness) =>
    register(server, { redirect_uris: [uri], scope: asked, token_endpoint_auth_method: 'none' })
  const known = (id: string) => () => Promise.resolve(id)
  test.each([
    ['a client of the configuration', known('ours'), redirectUri, true],
    ['a client of the configuration that may have the scope', known('console'), redirectUri, true],
    ['a client of the configuration that may read only', known('reader'), redirectUri, false],
    ['a client that registered itself, at a trusted host', dcr(trusted), trusted, true],
    ['a client that registered itself, at another host', dcr(untrusted), untrusted, false],
    ['a client that registered itself, on this computer', dcr(redirectUri), redirectUri, false],
    [
      'a client that registered itself, as an app',
      dcr('cursor://anysphere.cursor-mcp/oauth/callback'),
      'cursor://anysphere.cursor-mcp/oauth/callback',
      false,
    ],
    ['a client with a document, at a trusted host', known(documentId), trusted, true],
    ['a client with a document, on this computer', known(documentId), redirectUri, false],
  ])('%s', async (_what, clientIn, uri, gets) => {
    const server = world(undefined, uri)
    const { page, body } = await connect(server, await clientIn(server), uri, ['docs:admin'])
    expect(page.includes(box)).toBe(gets)
    expect(page.includes('docs:admin')).toBe(gets)
    expect(scopeOf(body)).toBe(gets ? asked : 'docs:read')
  })
})

describe('by person, box and setting [N8]', () => {
  const admin = 'reader@example.com'
  test.each<[string, { setting?: Setting; email?: string; ticked?: readonly string[]; scope?: string }, string]>([
    ['an admin ticks the box', {}, asked],
    ['an admin leaves the box as it is', { ticked: [] }, 'docs:read'],
    [
      'an admin ticks nothing that is on the page',
      { ticked: ['docs:feedback', 'on', 'docs:read docs:admin'] },
      'docs:read',
    ],
    ['a person who is no admin ticks the box', { email: 'mallory@example.com' }, 'docs:read'],
    ['the service has no admins', { setting: {} }, 'docs:read'],
    ['the client does not ask for it', { scope: 'docs:read' }, 'docs:read'],
    ['the client asks for nothing else', { scope: 'docs:admin' }, asked],
    ['the client asks for it under another spelling', { scope: 'docs:read DOCS:ADMIN docs:admin2' }, 'docs:read'],
    ['the operator has switched the page off', { setting: { isAdmin: () => true, interstitial: false } }, asked],
  ])('%s', async (_what, { setting, email = admin, ticked = ['docs:admin'], scope }, expected) => {
    const server = world(setting)
    server.identity = { issuer: 'https://login.example/', sub: email, email, emailVerified: true }
    const { page, body } = await connect(server, 'ours', redirectUri, ticked, scope)
    expect(page).not.toMatch(/checkbox"[^>]* checked/)
    expect(scopeOf(body)).toBe(expected)
  })

  test('a trusted client sees the page although the operator has switched it off, because the box is on it', async () => {
    const server = world({ isAdmin: () => true, interstitial: false })
    const id = await register(server, { redirect_uris: [trusted], token_endpoint_auth_method: 'none' })
    const path = (scope: string) => authorizePath(id, newPkce(), { scope, redirect_uri: trusted })
    const open = (scope: string) => server.fetch(path(scope), { headers: { 'sec-fetch-site': 'none' } })
    expect((await open('docs:read')).status).toBe(303)
    const page = await open(asked)
    expect(page.status).toBe(200)
    expect(await page.text()).toContain(box)
  })
})

describe('after the sign-in [N8]', () => {
  test('a refresh gives it while the person is an admin; a person who is none keeps the rest, and may get it back', async () => {
    let today = true
    const server = world({ isAdmin: () => today })
    const { body, refresh } = await connect(server, 'ours', redirectUri, ['docs:admin'])
    const second = (await refresh(body.refresh_token)).body
    expect(scopeOf(second)).toBe(asked)
    today = false
    // A client that repeats its scopes, or asks for this one alone, is not refused.
    const third = (await refresh(second.refresh_token, { scope: asked })).body
    expect(scopeOf(third)).toBe('docs:read')
    const fourth = (await refresh(third.refresh_token, { scope: 'docs:admin' })).body
    expect(scopeOf(fourth)).toBe('docs:read')
    today = true
    const fifth = (await refresh(fourth.refresh_token, { scope: asked })).body
    expect(scopeOf(fifth)).toBe(asked)
    expect(scopeOf((await refresh(fifth.refresh_token, { scope: 'docs:read' })).body)).toBe('docs:read')
  })

  test('a grant without it never gets it, whatever the client asks for', async () => {
    const server = world()
    const { body, refresh } = await connect(server, 'ours', redirectUri, [])
    expect(scopeOf((await refresh(body.refresh_token, { scope: asked })).body)).toBe('docs:read')
  })

  test('a refresh says when the provider said who the person is', async () => {
    const asks: number[] = []
    const server = world({ isAdmin: (since) => asks.push(since) > 0 })
    const signedInAt = server.clock / 1000
    const { body, refresh } = await connect(server, 'ours', redirectUri, ['docs:admin'])
    server.clock += 86_400_000
    await refresh(body.refresh_token)
    expect(asks.every((since) => since === signedInAt)).toBe(true)
  })

  test('no metadata and no introspection tells of it', async () => {
    const server = world()
    for (const path of ['oauth-authorization-server', 'oauth-protected-resource', 'oauth-protected-resource/mcp']) {
      expect(await (await server.fetch(`/.well-known/${path}`)).text()).not.toContain('admin')
    }
    const { body } = await connect(server, 'ours', redirectUri, ['docs:admin'])
    const answer = await server.fetch('/oauth/introspect', {
      method: 'POST',
      headers: { authorization: `Bearer ${operatorToken}` },
      body: new URLSearchParams({ token: body.access_token ?? '' }),
    })
    expect(await answer.json()).toMatchObject({ active: true, scope: 'docs:read' })
  })
})
