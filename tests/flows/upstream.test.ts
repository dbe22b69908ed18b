import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openConsentPage } from '../../dev/browser/person.ts'
import { type IdTokenFault, idTokenFaults, type ProviderFaults } from '../../dev/oidc/faults.ts'
import { signInHeadless } from '../../dev/oidc/sign-in.ts'
import { assignAll } from '../../dev/stand-in.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { deploy } from '../support/deploy.ts'
import {
  type AuthorizationRequest,
  callMcp,
  codeOf,
  locationOf,
  newAddress,
  type OAuthClient,
  obtainTokens,
  registerClient,
  tokensOf,
  type UserAtCallback,
  userAtCallback,
} from '../support/oauth-client.ts'
import { json, send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Milliseconds: clients give up after ten seconds (T-25); a little more, since other tests run beside this one. */
const patience = 60_000

let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack()
  client = await registerClient(stack.url)
})
afterEach(() => misbehave({}))
afterAll(async () => {
  await stack.stop()
})

/** Sets the faults of the OpenID Provider, in place of the earlier ones. */
function misbehave(faults: ProviderFaults): void {
  assignAll(stack.provider.faults, faults)
}

const atTheCallback = (options: UserAtCallback = {}) => userAtCallback(client, options)

/** An error at the client's redirect URI, as RFC 6749 §4.1.2.1 and RFC 9207 have it, and no code. */
function expectError(response: Response, error: string, request: AuthorizationRequest): void {
  const answer = locationOf(response)
  expect(answer.origin + answer.pathname).toBe(client.redirectUri)
  const { error_description: _, ...parameters } = Object.fromEntries(answer.searchParams)
  expect(parameters).toEqual({ error, state: request.state, iss: stack.url })
}

async function expectUnavailable(response: Response): Promise<void> {
  expect(response.status).toBe(503)
  expect(response.headers.get('location')).toBeNull()
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(response.headers.get('content-type')).toContain('text/html')
  expect(await response.text()).toContain('is not responding')
}

test('cancelled at the OpenID Provider: access_denied at the client, with iss and state [F-08 B8-2]', async () => {
  const { request, load } = await atTheCallback({ cancel: true })
  expectError(await load(), 'access_denied', request)
})

test.each([
  ['server_error', 'server_error'],
  ['temporarily_unavailable', 'temporarily_unavailable'],
] as const)('%s from the OpenID Provider: %s at the client [F-08]', async (fault, error) => {
  misbehave({ authorization: fault })
  const { request, load } = await atTheCallback()
  expectError(await load(), error, request)
})

test('the provider fails once at its token endpoint: the sign-in completes [F-13]', async () => {
  const { load, redeem } = await atTheCallback()
  misbehave({ token: { kind: 'status', status: 500, times: 1 } })
  await redeem(await load())
})

test.each([500, 429])(
  'the provider answers %i for a long time: a page says so, and reloading it completes the sign-in [F-13]',
  async (status) => {
    const { load, redeem } = await atTheCallback()
    misbehave({ token: { kind: 'status', status } })
    await expectUnavailable(await load())
    await expectUnavailable(await load())
    misbehave({})
    await redeem(await load())
  },
)

test('the provider never answers: the user is sent there again before the client gives up, and the sign-in completes [T-25 F-13]', {
  timeout: patience,
}, async () => {
  const { browser, load, redeem } = await atTheCallback()
  misbehave({ token: { kind: 'never' } })
  const again = locationOf(await load())
  misbehave({})
  // The provider knows the browser: no form.
  const callback = await signInHeadless({ url: again, email: 'not asked', fetch: browser.fetch })
  await redeem(await browser.fetch(callback))
})

const forgeries: Record<IdTokenFault, string> = {
  'wrong-audience': 'for another client of the provider',
  'wrong-issuer': 'of another issuer',
  'wrong-nonce': 'of another sign-in',
  expired: 'that has expired',
  unsigned: 'with alg none',
  'signed-with-public-key': 'signed by HS256 with the public key',
  'unknown-key': 'signed by a key that the provider does not publish',
  'bad-signature': 'whose signature is not that of the key it names',
}

test.each(idTokenFaults.map((fault) => ({ fault, what: forgeries[fault] })))(
  'an ID token $what: server_error at the client, and no code [F-03 F-05 A14 A28 B8-2]',
  async ({ fault }) => {
    const { request, load } = await atTheCallback()
    misbehave({ idToken: fault })
    expectError(await load(), 'server_error', request)
    misbehave({})
    await obtainTokens(client)
  },
)

test.each([20, -20])('a provider whose clock is %d s off still signs users in [F-03]', async (clockOffset) => {
  const { load, redeem } = await atTheCallback()
  misbehave({ clockOffset })
  await redeem(await load())
})

test('a provider whose clock is a day behind gives tokens that have expired: server_error at the client [F-03]', async () => {
  const { request, load } = await atTheCallback()
  misbehave({ clockOffset: -86_400 })
  expectError(await load(), 'server_error', request)
})

test('a new instance cannot read the keys of the provider: a page says so, and reloading it completes the sign-in', async () => {
  const cold = await startStack()
  try {
    const own = await registerClient(cold.url)
    const { load, redeem } = await userAtCallback(own)
    cold.provider.faults.jwks = { kind: 'status', status: 503 }
    await expectUnavailable(await load())
    delete cold.provider.faults.jwks
    await redeem(await load())
  } finally {
    await cold.stop()
  }
})

test('an organization without a name counts as none: the tokens work', async () => {
  const { accessToken } = await obtainTokens(client, 'grace+emptyorg@example.com')
  const answer = await callMcp(stack.mcpUrl, accessToken)
  expect(answer.status).toBe(200)
})

test('the provider signs with a new key a moment after its keys were read: sign-ins keep working', async () => {
  await obtainTokens(client)
  for (let rotation = 0; rotation < 3; rotation++) {
    await stack.provider.rotateKeys()
    await obtainTokens(client)
  }
})

test('a provider code of another user is refused, and the user is sent to the provider again [F-03 A9]', async () => {
  const { request, callback } = await atTheCallback()
  const browser = createWatchedBrowser()
  const page = await openConsentPage(browser, request.url)
  const upstream = locationOf(await page.press('approve'))
  // The attacker's own code, put into the victim's transaction (OAuth 2.1 §7.5.1): PKCE and nonce do not fit it.
  callback.searchParams.set('state', upstream.searchParams.get('state') ?? '')
  const again = locationOf(await browser.fetch(callback, { initiator: 'https://attacker.example/' }))
  expect(again.origin).toBe(stack.provider.issuer)
  // The code is for the user who signs in now, not for the attacker.
  const own = await signInHeadless({ url: again, email: 'victim@example.com', fetch: browser.fetch })
  const { accessToken } = tokensOf(await client.redeem(request, codeOf(locationOf(await browser.fetch(own)))))
  expect(decodeJwt(accessToken).email).toBe('victim@example.com')
})

test('a callback in a browser that did not approve: a page, no redirect, and no request to the provider [F-02 A9 B8-2]', async () => {
  const { callback, load } = await atTheCallback()
  const elsewhere = await createWatchedBrowser().fetch(callback)
  expect([elsewhere.status, elsewhere.headers.get('location')]).toEqual([403, null])
  // The provider's code works once: had it been spent, this would fail.
  codeOf(locationOf(await load()))
})

test('the provider is unreachable at the approval: a page says so, and pressing the button again continues [F-13]', async () => {
  await stack.hosts()[0]?.kill()
  await stack.restartHost(0)
  const browser = createWatchedBrowser()
  const request = client.authorizationRequest()
  const page = await openConsentPage(browser, request.url)
  misbehave({ discovery: { kind: 'status', status: 502 } })
  await expectUnavailable(await page.press('approve'))
  misbehave({})
  const url = locationOf(await page.press('approve'))
  const callback = await signInHeadless({ url, email: newAddress(), fetch: browser.fetch })
  tokensOf(await client.redeem(request, codeOf(locationOf(await browser.fetch(callback)))))
})

test('a redirect URI that the operator has removed from the list in the meantime: a page, before and after the approval [A-06]', async () => {
  const uri = 'example-app://oauth/callback'
  const listed = { MCP_OAUTH_PRIVATE_USE_SCHEMES: 'listed' }
  const before = await deploy(stack, { ...listed, MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS: uri })
  const registration = json(JSON.stringify({ redirect_uris: [uri] }))
  const { client_id } = await (await send(`${before.url}/oauth/register`, registration)).json()
  const { url } = (await registerClient(before.url)).authorizationRequest({ client_id, redirect_uri: uri })
  const browser = createWatchedBrowser()
  const [page, another] = [await openConsentPage(browser, url), await openConsentPage(browser, url)]
  const callback = locationOf(await browser.fetch(locationOf(await page.press('approve'))))

  const tightened = await before.follow({
    ...listed,
    MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS: 'other-app://oauth/callback',
  })
  for (const refused of [await browser.fetch(callback), await another.press('approve')]) {
    expect([refused.status, refused.headers.get('location')]).toEqual([400, null])
    const shown = await refused.text()
    expect(shown).toContain('an address that it has not registered')
    expect(shown).not.toContain('code=')
  }

  await tightened.follow({ ...listed, MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS: uri })
  const answered = await browser.fetch(callback)
  expect([answered.status, await answered.text()]).toEqual([
    200,
    expect.stringContaining('Open the app for example-app:// links'),
  ])
})
