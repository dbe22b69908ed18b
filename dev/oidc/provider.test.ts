import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createBrowser } from '../browser/jar.ts'
import { type IdTokenFault, idTokenFaults } from './faults.ts'
import { type OpenIdProvider, startOpenIdProvider } from './provider.ts'
import { signInHeadless } from './sign-in.ts'

const redirectUri = 'http://localhost:8888/mcp/callback'
const insecure = {
  [oauth.allowInsecureRequests]: true,
  // A pooled connection would be broken after a restart.
  [oauth.customFetch]: (url: string, init: oauth.CustomFetchOptions<string, URLSearchParams | undefined>) =>
    fetch(url, { ...init, body: init.body ?? null, headers: { ...init.headers, connection: 'close' } }),
}

async function start(options: { port?: number; directory?: string; clientSecret?: string } = {}) {
  const provider = await startOpenIdProvider({ port: 0, redirectUris: [redirectUri], ...options })
  onTestFinished(() => provider.stop())
  return provider
}

/** A relying party with a strict standard client: discovery, authorization with PKCE and nonce, code, ID token. */
async function relyingParty(provider: OpenIdProvider) {
  const issuer = new URL(provider.issuer)
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
  const client = { client_id: provider.clientId }
  return {
    async start(parameters: Record<string, string> = {}) {
      const [state, nonce, codeVerifier] = [
        oauth.generateRandomState(),
        oauth.generateRandomNonce(),
        oauth.generateRandomCodeVerifier(),
      ]
      const url = new URL(server.authorization_endpoint ?? '')
      url.search = new URLSearchParams({
        client_id: provider.clientId,
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: 'openid email profile',
        state,
        nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...parameters,
      }).toString()
      const finish = async (callback: URL, clientAuthentication = oauth.None()) => {
        const answer = oauth.validateAuthResponse(server, client, callback, state)
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          clientAuthentication,
          answer,
          redirectUri,
          codeVerifier,
          insecure,
        )
        const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
          expectedNonce: nonce,
          requireIdToken: true,
        })
        await oauth.validateApplicationLevelSignature(server, response, insecure)
        return { claims: oauth.getValidatedIdTokenClaims(tokens), idToken: tokens.id_token ?? '' }
      }
      return { url, finish }
    },
  }
}

async function signIn(provider: OpenIdProvider, email: string, organization?: string, browser = createBrowser()) {
  const { url, finish } = await (await relyingParty(provider)).start()
  const callback = await signInHeadless({ url, email, ...(organization && { organization }), fetch: browser.fetch })
  return finish(callback)
}

test('a user signs in, and the ID token names the user', async () => {
  const warnings = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'info'), vi.spyOn(console, 'error')]
  const provider = await start()
  const { claims } = await signIn(provider, ' Ada.Lovelace@Example.com ', 'Analytical Engines')
  expect(claims).toMatchObject({
    iss: provider.issuer,
    aud: 'local-broker',
    email: 'ada.lovelace@example.com',
    email_verified: true,
    name: 'Ada Lovelace',
    org_name: 'Analytical Engines',
    org_id: expect.stringMatching(/^org_/),
  })
  const again = await signIn(provider, 'ada.lovelace@example.com')
  expect(again.claims).toMatchObject({ sub: claims?.sub, org_name: 'example.com' })
  for (const warning of warnings) expect(warning).not.toHaveBeenCalled()
})

test('the email address decides whether the ID token calls it verified, unverified or neither', async () => {
  const provider = await start()
  expect((await signIn(provider, 'bob+unverified@example.com')).claims).toMatchObject({ email_verified: false })
  const { claims } = await signIn(provider, 'bob+noemailverified@example.com')
  expect(claims).toMatchObject({ email: 'bob+noemailverified@example.com' })
  expect(claims).not.toHaveProperty('email_verified')
})

test('the provider recognizes the browser the second time, unless the application asks for a new sign-in', async () => {
  const provider = await start()
  const party = await relyingParty(provider)
  const browser = createBrowser()
  await signIn(provider, 'ada@example.com', undefined, browser)

  const silent = await party.start()
  const callback = await signInHeadless({ url: silent.url, email: 'other-user@example.com', fetch: browser.fetch })
  expect((await silent.finish(callback)).claims).toMatchObject({ email: 'ada@example.com' })

  for (const prompt of ['login', 'select_account', 'consent login']) {
    const asked = await party.start({ prompt })
    const email = `${prompt.replace(' ', '-')}@example.com`
    const back = await signInHeadless({ url: asked.url, email, fetch: browser.fetch })
    expect((await asked.finish(back)).claims).toMatchObject({ email })
  }
})

test('a value that is not an email address is refused by the page and escaped; cancelling is access_denied', async () => {
  const provider = await start()
  const { url } = await (await relyingParty(provider)).start()
  const { fetch } = createBrowser()
  const form = new URL((await fetch(url)).headers.get('location') ?? '', url)
  expect(await (await fetch(form)).text()).toMatch(/^<!doctype html>/)
  const refused = await fetch(form, {
    method: 'POST',
    body: new URLSearchParams({ email: '"><script>@x', action: 'sign-in' }),
  })
  expect(refused.status).toBe(400)
  expect(await refused.text()).not.toContain('<script>')

  const cancelled = await signInHeadless({ url, email: 'ada@example.com', cancel: true, fetch })
  expect(cancelled.searchParams.get('error')).toBe('access_denied')
})

test('the sign-in page works only in its own browser', async () => {
  const provider = await start()
  const { url } = await (await relyingParty(provider)).start()
  const form = new URL((await createBrowser().fetch(url)).headers.get('location') ?? '', url)
  const elsewhere = await createBrowser().fetch(form)
  expect(elsewhere.status).toBe(400)
  expect(await elsewhere.text()).toContain('opened in another browser')
})

test('a request without PKCE, or with another callback, signs no user in', async () => {
  const provider = await start()
  const party = await relyingParty(provider)
  const { url: plain } = await party.start({ code_challenge_method: 'plain' })
  const { url: elsewhere } = await party.start({ redirect_uri: 'http://localhost:8888/elsewhere' })
  const answer = await createBrowser().fetch(plain)
  expect(new URL(answer.headers.get('location') ?? '').searchParams.get('error')).toBe('invalid_request')
  expect((await createBrowser().fetch(elsewhere)).status).toBe(400)
})

test('a restart keeps issuer, keys, users and sessions', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'openid-provider-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const before = await start({ directory })
  const browser = createBrowser()
  const { claims, idToken } = await signIn(before, 'ada@example.com', 'Engines', browser)
  await before.stop()
  expect(statSync(join(directory, 'keys.json')).mode & 0o077).toBe(0)

  const after = await start({ directory, port: Number(new URL(before.issuer).port) })
  const keys = createRemoteJWKSet(new URL(`${after.issuer}/jwks`))
  await jwtVerify(idToken, keys, { issuer: after.issuer, audience: after.clientId })
  expect((await signIn(after, 'never-asked@example.com', undefined, browser)).claims).toMatchObject({
    sub: claims?.sub,
    org_name: 'Engines',
  })
})

test('after a rotation the new key signs, and the previous key stays published', async () => {
  const provider = await start()
  const before = await signIn(provider, 'ada@example.com')
  await provider.rotateKeys()
  const after = await signIn(provider, 'ada@example.com')
  const keys = createRemoteJWKSet(new URL(`${provider.issuer}/jwks`))
  const [old, current] = await Promise.all([jwtVerify(before.idToken, keys), jwtVerify(after.idToken, keys)])
  expect(old.protectedHeader.kid).not.toBe(current.protectedHeader.kid)
})

describe('a strict client refuses an ID token that is forged', () => {
  let provider: OpenIdProvider
  beforeAll(async () => {
    provider = await startOpenIdProvider({ port: 0, redirectUris: [redirectUri] })
  })
  afterAll(() => provider?.stop())

  test.each(idTokenFaults)('%s', async (fault: IdTokenFault) => {
    provider.faults.idToken = fault
    await expect(signIn(provider, 'ada@example.com')).rejects.toThrow()
    delete provider.faults.idToken
    expect((await signIn(provider, 'ada@example.com')).claims).toMatchObject({ email: 'ada@example.com' })
  })
})

test('endpoints fail as often as a test asks, over HTTP too', async () => {
  const provider = await start()
  const set = (faults: object) => fetch(`${provider.issuer}/__faults`, { method: 'POST', body: JSON.stringify(faults) })
  const status = async (path: string) =>
    (await fetch(provider.issuer + path, { method: path === '/token' ? 'POST' : 'GET' })).status

  await set({ token: { kind: 'status', status: 429, retryAfter: 3, times: 1 }, jwks: { kind: 'status', status: 500 } })
  const limited = await fetch(`${provider.issuer}/token`, { method: 'POST' })
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '3'])
  expect([await status('/token'), await status('/jwks'), await status('/jwks')]).toEqual([400, 500, 500])

  await set({ discovery: { kind: 'status', status: 500 } })
  expect([await status('/.well-known/openid-configuration'), await status('/jwks')]).toEqual([500, 200])

  await set({ token: { kind: 'never' } })
  await expect(fetch(`${provider.issuer}/token`, { method: 'POST', signal: AbortSignal.timeout(100) })).rejects.toThrow(
    /timeout/,
  )
  expect((await set({ token: { kind: 'explode' } })).status).toBe(400)
})

test('the authorization endpoint answers with an error on demand', async () => {
  const provider = await start()
  provider.faults.authorization = 'temporarily_unavailable'
  const { url } = await (await relyingParty(provider)).start({ state: 'mine' })
  const callback = await signInHeadless({ url, email: 'ada@example.com', fetch: createBrowser().fetch })
  expect(Object.fromEntries(callback.searchParams)).toEqual({
    error: 'temporarily_unavailable',
    state: 'mine',
    iss: provider.issuer,
  })
})

test('a client with a secret must authenticate with it', async () => {
  const provider = await start({ clientSecret: 'a-secret-of-the-tests' })
  const { url, finish } = await (await relyingParty(provider)).start()
  const callback = await signInHeadless({ url, email: 'ada@example.com', fetch: createBrowser().fetch })
  await expect(finish(callback)).rejects.toThrow()
  const { claims } = await finish(callback, oauth.ClientSecretBasic('a-secret-of-the-tests'))
  expect(claims).toMatchObject({ email: 'ada@example.com' })
})
