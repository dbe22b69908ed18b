import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  newPkce,
  reader,
  redirectUri,
  register,
  signIn,
  TestBrowser,
} from '../../../dev/worlds/authorization-server.ts'
import { createOpenIdProvider } from './openid-provider.ts'
import { type Identity, type Login, ProviderError } from './provider.ts'

/** A minimal OpenID Provider. A test may change each of its answers. */
let issuer = ''
let paths: string[] = []
let tokenForm = new URLSearchParams()
let change: Record<string, (response: ServerResponse) => void> = {}
let promisesIss = true
let claims: Record<string, unknown> = {}

const callback = 'https://docs.example/mcp/callback'
const login: Login = { state: 'our-state', nonce: 'our-nonce', codeVerifier: 'v'.repeat(43) }
const { signal } = new AbortController()
const server = createServer((request, response) => void answer(request, response))
const keys = generateKeyPair('RS256')

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '', issuer).pathname
  paths.push(path)
  const changed = change[path]
  if (changed) return changed(response)
  const { privateKey, publicKey } = await keys
  const json = (body: object) => void response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
  if (path === '/.well-known/openid-configuration') {
    return json({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      authorization_response_iss_parameter_supported: promisesIss,
    })
  }
  if (path === '/jwks') return json({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }] })
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  tokenForm = new URLSearchParams(Buffer.concat(chunks).toString())
  const iat = Math.floor(Date.now() / 1000)
  const usual = { iss: issuer, aud: 'us', sub: 'person', nonce: login.nonce, iat, exp: iat + 300 }
  const person = { email: 'a@example.com', email_verified: false }
  const idToken = await new SignJWT({ ...usual, ...person, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .sign(privateKey)
  json({ access_token: 'upstream-access', refresh_token: 'upstream-refresh', token_type: 'Bearer', id_token: idToken })
}

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
beforeEach(() => {
  paths = []
  change = {}
  promisesIss = true
  claims = {}
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const provider = () => createOpenIdProvider({ issuer, clientId: 'us', redirectUri: callback, now: Date.now })

function identify(parameters: Record<string, string> = {}): Promise<Identity> {
  const query = new URLSearchParams({ code: 'c', state: login.state, iss: issuer, ...parameters })
  for (const [name, value] of Object.entries(parameters)) if (value === '') query.delete(name)
  return provider().identify(query, login, signal)
}

describe('the request to the provider', () => {
  test('has fresh state and nonce, PKCE, one callback and the least scope, and asks for an answer in the query [F-01 F-03 F-04 F-09 F-10]', async () => {
    const url = await provider().authorizationUrl(login, undefined, signal)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'us',
      redirect_uri: callback,
      scope: 'openid profile email',
      state: login.state,
      nonce: login.nonce,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
  })

  test('passes on the prompt of the client, and no other parameter of the client [A-12 F-10]', async () => {
    const url = await provider().authorizationUrl(login, 'login', signal)
    expect(url.searchParams.get('prompt')).toBe('login')
    const harness = createHarness()
    const clientId = await register(harness)
    const browser = new TestBrowser(harness)
    const hints = { connection: 'evil', organization: 'org_evil', login_hint: 'victim@example.com', audience: 'api' }
    const location = await signIn(browser, clientId, newPkce(), hints)
    expect(location.searchParams.get('code')).toBeTruthy()
    expect(JSON.stringify(harness.log)).not.toMatch(/org_evil|victim@/)
  })
})

describe('the answer of the provider', () => {
  test('is redeemed with our code_verifier at its token endpoint, and only the ID token’s claims are kept [F-03 F-09 F-05]', async () => {
    expect(await identify()).toEqual({ issuer, sub: 'person', email: 'a@example.com', emailVerified: false })
    expect(Object.fromEntries(tokenForm)).toMatchObject({
      code: 'c',
      redirect_uri: callback,
      code_verifier: login.codeVerifier,
    })
  })

  test('an unverified email address signs in as unverified [A25 F-07]', async () => {
    expect((await identify()).emailVerified).toBe(false)
    claims = { email_verified: undefined }
    expect(await identify()).not.toHaveProperty('emailVerified')
  })

  test.each([
    [true, true],
    [false, false],
    ['true', true],
    ['false', false],
    ['True', undefined],
    [' true', undefined],
    ['1', undefined],
    ['yes', undefined],
    ['', undefined],
    [1, undefined],
    [0, undefined],
    [null, undefined],
    [['true'], undefined],
    [{}, undefined],
  ])('email_verified: %j is %j [F-07 N24]', async (email_verified, expected) => {
    claims = { email_verified }
    expect((await identify()).emailVerified).toBe(expected)
  })

  test.each([
    ['of another issuer', { iss: 'https://other.example' }],
    ['without the iss that it promises', { iss: '' }],
    ['with another state', { state: 'theirs' }],
    ['without a code', { code: '' }],
  ])('%s is refused before its token endpoint is asked [F-06 F-02]', async (_what, parameters) => {
    await expect(identify(parameters)).rejects.toMatchObject({ name: 'ProviderError', kind: 'invalid' })
    expect(paths).not.toContain('/token')
  })

  test('needs no iss if the metadata promises none [F-06]', async () => {
    promisesIss = false
    expect(await identify({ iss: '' })).toMatchObject({ sub: 'person' })
  })

  test.each(['/.well-known/openid-configuration', '/jwks', '/token'])(
    'a redirect of %s is not followed [A25]',
    async (path) => {
      change = { [path]: (response) => void response.writeHead(302, { location: `${issuer}/elsewhere` }).end() }
      await expect(identify()).rejects.toMatchObject({ name: 'ProviderError' })
      expect(paths).not.toContain('/elsewhere')
    },
  )

  test.each([
    ['without a nonce', { nonce: undefined }],
    ['for another client', { aud: 'them' }],
    ['for another party too, which is its azp', { aud: ['us', 'them'], azp: 'them' }],
    ['of another issuer', { iss: 'https://other.example' }],
  ])('an ID token %s is refused [F-05]', async (_what, changed) => {
    claims = changed
    await expect(identify()).rejects.toMatchObject({ name: 'ProviderError', kind: 'invalid' })
  })
})

test.each([
  ['access_denied', 'access_denied'],
  ['login_required', 'login_required'],
  ['consent_required', 'consent_required'],
  ['interaction_required', 'interaction_required'],
  ['temporarily_unavailable', 'temporarily_unavailable'],
  ['invalid_scope', 'server_error'],
  ['<script>', 'server_error'],
])('%s of the provider becomes %s for the client, in this server’s words [F-08]', async (code, expected) => {
  const harness = createHarness()
  harness.identity = new ProviderError('refused', 'what the provider said', { code })
  const location = await signIn(new TestBrowser(harness), await register(harness), newPkce())
  const { error, error_description, iss, state } = Object.fromEntries(location.searchParams)
  expect({ error, iss, state }).toEqual({ error: expected, iss: harness.issuer, state: 'client state' })
  expect(error_description).not.toMatch(/script|provider said/)
})

test.each([
  ['refused', redirectUri],
  ['invalid', redirectUri],
  ['refused', 'https://app.example/callback'],
] as const)(
  'a sign-in that is %s, for %s, is over: its cookie expires, and repeating the same answer has no effect [F-02 F-08]',
  async (kind, redirect_uri) => {
    const harness = createHarness()
    const clientId = await register(harness, { redirect_uris: [redirect_uri] })
    const browser = new TestBrowser(harness)
    const page = await (await browser.open(authorizePath(clientId, newPkce(), { redirect_uri }))).text()
    const approved = new URL((await browser.press(page, 'approve')).headers.get('location') ?? '')
    const state = approved.searchParams.get('state') ?? ''
    const answer = `/mcp/callback?${new URLSearchParams({ state, code: 'upstream-code' })}`
    harness.identity = new ProviderError(kind, 'no', { code: 'access_denied' })
    const refused = await browser.open(answer)
    expect(refused.headers.getSetCookie()).toEqual([
      `__Host-tx.${state}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax`,
    ])
    harness.identity = reader
    const again = await browser.open(answer)
    expect([again.status, again.headers.get('location'), harness.signIns]).toEqual([403, null, []])
    expect(harness.log.map(({ event }) => event)).not.toContain('code_issued')
  },
)

test('issuer and subject together identify the user: the same subject elsewhere, or the same email, is another user [F-07]', async () => {
  const harness = createHarness()
  const clientId = await register(harness)
  const subOf = async (identity: Identity) => {
    harness.identity = identity
    await signIn(new TestBrowser(harness), clientId, newPkce())
    const issued = harness.log.filter(({ event }) => event === 'code_issued').at(-1)
    return JSON.stringify(issued?.fields)
  }
  const email = 'same@example.com'
  const one = await subOf({ issuer: 'https://a.example/', sub: 'x', email })
  expect(await subOf({ issuer: 'https://a.example/', sub: 'x', email: 'other@example.com' })).toBe(one)
  expect(await subOf({ issuer: 'https://a.example/', sub: 'y', email })).not.toBe(one)
  expect(await subOf({ issuer: 'https://b.example/', sub: 'x', email })).not.toBe(one)
})
