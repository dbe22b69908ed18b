import { generateKeyPairSync } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Browser } from '../../dev/browser/jar.ts'
import { openConsentPage } from '../../dev/browser/person.ts'
import type { ProviderFaults } from '../../dev/oidc/faults.ts'
import { signInHeadless } from '../../dev/oidc/sign-in.ts'
import { freePorts, localUrl, portsFrom } from '../../dev/start/ports.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { locationOf, type OAuthClient, obtainTokens, registerClient, userAtCallback } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack()
  client = await registerClient(stack.url)
})
afterEach(() => misbehave({}))
afterAll(async () => {
  await stack?.stop()
})

/** Sets the faults of the provider over HTTP, as a user of `npm start` would. */
async function misbehave(faults: ProviderFaults): Promise<void> {
  const answer = await fetch(`${stack.provider.issuer}/__faults`, { method: 'POST', body: JSON.stringify(faults) })
  if (answer.status !== 200) throw new Error(await answer.text())
}

/** The user is about to be sent back from a provider that has had these faults since the approval. */
const atTheCallback = (faults: ProviderFaults = {}) => userAtCallback(client, { approved: () => misbehave(faults) })

/** Goes through the provider once more. It knows this browser, so it shows no form. */
async function throughTheProvider(browser: Browser, answer: Response) {
  const url = locationOf(answer)
  expect(url.origin).toBe(stack.provider.issuer)
  const callback = await signInHeadless({ url, email: 'no form', fetch: browser.fetch })
  return { callback, answer: await browser.fetch(callback) }
}

describe('a failure before the provider handles the code: the user sees a page, and reloading it completes the sign-in', () => {
  test.each([
    ...[403, 404, 408, 425, 429, 502].map((status) => [`a web page with ${status}`, { kind: 'page', status }] as const),
    ['a web page with 200', { kind: 'page', status: 200 }],
    ['404 "Not Found" as frameworks write it', { kind: 'error', status: 404, error: 'Not Found' }],
  ] as const)('%s [F-13]', async (_what, token) => {
    const { load, redeem } = await atTheCallback({ token })
    const shown = await load()
    expect([shown.status, shown.headers.get('location')]).toEqual([503, null])
    expect(await shown.text()).toContain('reload this page')
    await misbehave({})
    await redeem(await load())
  })
})

describe('the provider has used its code, but its answer is lost: the user goes through it once more, without a click', () => {
  test.each([
    ['its answer is lost, twice', { kind: 'lost' }],
    ['its answer breaks off', { kind: 'broken' }],
    ['it refuses the code', { kind: 'error', status: 400, error: 'invalid_grant' }],
    ['it refuses the code with 403', { kind: 'error', status: 403, error: 'invalid_grant' }],
  ] as const)('%s [F-13]', async (_what, token) => {
    const { browser, load, redeem } = await atTheCallback({ token })
    const first = await load()
    await misbehave({})
    const { answer } = await throughTheProvider(browser, first)
    await redeem(answer)
  })

  test('its answer comes after the deadline [T-25 F-13]', async () => {
    const { browser, load, redeem } = await atTheCallback({ token: { kind: 'late', milliseconds: 9_500, times: 1 } })
    const { answer } = await throughTheProvider(browser, await load())
    await redeem(answer)
  })

  test('it keeps refusing the code: twice at most, then a page whose button starts again [F-13 F-02 N18]', async () => {
    const { browser, load, redeem } = await atTheCallback({
      token: { kind: 'error', status: 400, error: 'invalid_grant' },
    })
    const second = await throughTheProvider(browser, await load())
    const third = await throughTheProvider(browser, second.answer)
    expect([third.answer.status, third.answer.headers.get('location')]).toEqual([503, null])
    await misbehave({})
    // The broker looks the client up again and shows the consent page again.
    const again = await startAgain(await third.answer.text())
    const page = await openConsentPage(browser, again)
    const { answer } = await throughTheProvider(browser, await page.press('approve'))
    await redeem(answer)
  })

  test('its answer is lost again: only once', async () => {
    const { browser, load } = await atTheCallback({ token: { kind: 'broken' } })
    const { answer } = await throughTheProvider(browser, await load())
    expect([answer.status, answer.headers.get('location')]).toEqual([503, null])
  })
})

/** Returns the destination of the button of a page. */
async function startAgain(text: string): Promise<URL> {
  const [, link = ''] = /<a class="button primary" href="([^"]*)"/.exec(text) ?? []
  return new URL(link.replaceAll('&amp;', '&'), stack.url)
}

describe('an error that lasts until the operator changes a setting has a name in the log', () => {
  test.each([
    ['invalid_client', { token: { kind: 'error', status: 401, error: 'invalid_client' } }],
    ['unauthorized_client', { token: { kind: 'error', status: 400, error: 'unauthorized_client' } }],
    ['redirect_uri_mismatch', { token: { kind: 'error', status: 400, error: 'redirect_uri_mismatch' } }],
    ['unauthorized_client', { authorization: 'unauthorized_client' }],
    ['invalid_scope', { authorization: 'invalid_scope' }],
  ] as const)('%s [F-08]', async (code, faults) => {
    const from = stack.logs.length
    const { load } = await atTheCallback(faults).catch(() => ({ load: undefined }))
    const answer = load === undefined ? await refusedAtTheProvider(faults) : locationOf(await load())
    expect(answer.searchParams.get('error')).toBe('server_error')
    expect(failures(from)).toContainEqual(expect.objectContaining({ kind: 'misconfigured', code }))
  })

  test.each([
    ['issuer_mismatch', { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }],
    ['endpoint_missing', { token_endpoint: null }],
  ])('metadata: %s, reported at the approval too [F-13]', async (code, metadata) => {
    await anew()
    const from = stack.logs.length
    await misbehave({ metadata })
    const page = await openConsentPage(createWatchedBrowser(), client.authorizationRequest().url)
    const shown = await page.press('approve')
    expect(shown.status).toBe(503)
    expect(await shown.text()).not.toContain('reload')
    expect(failures(from)).toContainEqual(expect.objectContaining({ kind: 'misconfigured', code }))
  })
})

/** An instance that has read nothing yet. */
async function anew(): Promise<void> {
  await stack.hosts()[0]?.kill()
  await stack.restartHost(0)
}

async function refusedAtTheProvider(faults: ProviderFaults): Promise<URL> {
  await misbehave({})
  return locationOf(await (await atTheCallback(faults)).load())
}

const failures = (from: number) =>
  stack.logs.slice(from).flatMap((line) => (line.includes('"upstream_failed"') ? [JSON.parse(line)] : []))

test.each([
  ['unauthorized', 'access_denied'],
  ['user_cancelled_authorize', 'access_denied'],
  ['consent_denied', 'access_denied'],
  ['account_selection_required', 'account_selection_required'],
  ['interaction_required', 'interaction_required'],
  ['login_required', 'login_required'],
  ['temporarily_unavailable', 'temporarily_unavailable'],
  ['Temporarily-Unavailable', 'temporarily_unavailable'],
  ['service_unavailable', 'temporarily_unavailable'],
  ['too_many_requests', 'temporarily_unavailable'],
  ['SERVER_ERROR', 'server_error'],
  ['email_not_verified', 'access_denied'],
  ['server_error', 'server_error'],
  ['teapot', 'server_error'],
])('error=%s of the provider becomes %s at the client [F-08]', async (authorization, expected) => {
  const answer = await refusedAtTheProvider({ authorization })
  expect(answer.searchParams.get('error')).toBe(expected)
})

describe('unused members cannot fail a sign-in', () => {
  const other = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })

  test.each<[string, ProviderFaults]>([
    ['refresh_token: null in the token response', { tokenResponse: { refresh_token: null, expires_in: '' } }],
    ['no access token', { tokenResponse: { access_token: null, token_type: null, scope: [] } }],
    ['odd claims', { claims: { auth_time: '', amr: null, name: 'half \ud83d', org_name: '\udfff' } }],
    ['an ID token that names no key', { withoutKid: true }],
  ])('%s [F-05]', async (_what, faults) => {
    const { load, redeem } = await atTheCallback(faults)
    await redeem(await load())
  })

  test.each<[string, ProviderFaults]>([
    ['an entry without kty', { keySet: { before: [{ kid: 'x' }, null, { kty: 'XYZ' }] } }],
    ['keys without names, and tokens that name one', { keySet: { members: { kid: null } } }],
    ['two other keys without names', { withoutKid: true, keySet: { before: [other(), other()] } }],
  ])('a key set with %s, read by a new instance [F-05]', async (_what, faults) => {
    const { load, redeem } = await atTheCallback(faults)
    await anew()
    await redeem(await load())
  })

  test.each([
    ['true', true],
    ['false', false],
    ['yes', undefined],
    [1, undefined],
  ])('email_verified: %j is %j in the tokens of the broker [F-07]', async (email_verified, expected) => {
    const { load, redeem } = await atTheCallback({ claims: { email_verified } })
    const { accessToken } = await redeem(await load())
    expect(decodeJwt(accessToken).email_verified).toBe(expected)
  })
})

test('the provider moves its token endpoint and its keys: sign-ins keep working [F-13]', async () => {
  await anew()
  await obtainTokens(client)
  const { load, redeem } = await atTheCallback({ moved: true })
  await redeem(await load())
})

test('UPSTREAM_CLIENT_SECRET: the broker uses HTTP Basic at a provider that accepts only that [F-03]', async () => {
  const port = await freePorts()
  const settings = {
    UPSTREAM_ISSUER: localUrl(portsFrom(port).provider),
    UPSTREAM_CLIENT_ID: stack.provider.clientId,
    UPSTREAM_CLIENT_SECRET: 'a-secret:with+and/and%and=and&',
  }
  const confidential = await startStack({ port, settings })
  try {
    const metadata = await (await fetch(`${confidential.provider.issuer}/.well-known/openid-configuration`)).json()
    expect(metadata.token_endpoint_auth_methods_supported).toEqual(['client_secret_basic'])
    await obtainTokens(await registerClient(confidential.url))
    // The broker does the same if the metadata does not say.
    await confidential.hosts()[0]?.kill()
    await confidential.restartHost(0)
    confidential.provider.faults.metadata = { token_endpoint_auth_methods_supported: null }
    await obtainTokens(await registerClient(confidential.url))
  } finally {
    await confidential.stop()
  }
})
