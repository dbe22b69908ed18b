import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openConsentPage } from '../../dev/browser/person.ts'
import type { ProviderFaults } from '../../dev/oidc/faults.ts'
import { signInHeadless } from '../../dev/oidc/sign-in.ts'
import { assignAll } from '../../dev/stand-in.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import {
  locationOf,
  type OAuthClient,
  obtainTokens,
  registerClient,
  tokensOf,
  userAtCallback,
} from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { becomes, readAtEveryHost, restartEveryHost, watchLog } from './drill.ts'

/**
 * The OpenID Provider fails, or changes while users are on their way through it. No host is restarted afterwards.
 *
 * Alerts: SignInsFailAtTheProvider, SignInsEndWithoutACode.
 */

let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack({ hosts: 2 })
  client = await registerClient(stack.url)
})
afterEach(() => misbehave({}))
afterAll(() => stack?.stop())

function misbehave(faults: ProviderFaults): void {
  assignAll(stack.provider.faults, faults)
}

describe('the provider is down', () => {
  test.each<[string, ProviderFaults]>([
    ['its gateway answers 502', { token: { kind: 'page', status: 502 } }],
    ['it answers 403, as a firewall would', { token: { kind: 'status', status: 403 } }],
    ['it answers 429', { token: { kind: 'status', status: 429 } }],
  ])('%s: users stay signed in, and a user on the way reloads the page when it is back', async (_how, faults) => {
    const log = watchLog(stack.logs)
    const { accessToken, refreshToken } = await obtainTokens(client)
    const { load, redeem } = await userAtCallback(client)
    misbehave(faults)
    const page = await load()
    expect([page.status, page.headers.get('location')]).toEqual([503, null])
    expect(await page.text()).toContain('reload this page')
    await log.has('upstream_failed', { kind: 'passing' })
    tokensOf(await client.refresh(refreshToken))
    expect(await readAtEveryHost(stack, accessToken)).toEqual([200, 200])
    // Readiness is about this service alone: a provider that is down must not take it out of rotation.
    await becomes(stack, 'ready')
    misbehave({})
    await redeem(await load())
  })

  test('hosts that have never read its metadata: a page at the approval, and its button works when it is back', async () => {
    await restartEveryHost(stack)
    const log = watchLog(stack.logs)
    misbehave({ discovery: { kind: 'close' } })
    const browser = createWatchedBrowser()
    const page = await openConsentPage(browser, client.authorizationRequest().url)
    const shown = await page.press('approve')
    expect([shown.status, await shown.text()]).toEqual([503, expect.stringContaining('is not responding')])
    await log.has('upstream_failed', { kind: 'passing' })
    misbehave({})
    expect(locationOf(await page.press('approve')).origin).toBe(stack.provider.issuer)
  })
})

describe('the provider is slow, or its answers are lost', () => {
  test('three seconds for each answer: the sign-in completes', async () => {
    const { load, redeem } = await userAtCallback(client)
    misbehave({ token: { kind: 'slow', milliseconds: 3_000 } })
    await redeem(await load())
  })

  test.each<[string, ProviderFaults]>([
    ['it never answers', { token: { kind: 'never' } }],
    ['it drops connections', { token: { kind: 'drop' } }],
    ['its answer breaks off', { token: { kind: 'broken' } }],
  ])('%s: the user goes through it once more without a click, and others are not held up', async (_how, faults) => {
    const log = watchLog(stack.logs)
    const { browser, load, redeem } = await userAtCallback(client)
    const { refreshToken } = await obtainTokens(client)
    misbehave(faults)
    const waiting = load()
    tokensOf(await client.refresh(refreshToken))
    const again = locationOf(await waiting)
    await log.has('sign_in_begun_again')
    misbehave({})
    // The provider knows the browser and shows no form.
    const callback = await signInHeadless({ url: again, email: 'no form', fetch: browser.fetch })
    await redeem(await browser.fetch(callback))
  })
})

describe('the provider changes while users are on their way', () => {
  test('its keys: every sign-in completes, at each host', async () => {
    await obtainTokens(client)
    for (let round = 0; round < 4; round++) {
      const { load, redeem } = await userAtCallback(client)
      await stack.provider.rotateKeys()
      await redeem(await load())
    }
  })

  test('its endpoints, then its keys as well: every sign-in completes, at each host', async () => {
    await obtainTokens(client)
    const users = await Promise.all(Array.from({ length: 4 }, () => userAtCallback(client)))
    misbehave({ moved: true })
    for (const { load, redeem } of users) await redeem(await load())
    const { load, redeem } = await userAtCallback(client)
    await stack.provider.rotateKeys()
    misbehave({})
    await redeem(await load())
  })
})

describe("the provider's key set is unreachable", () => {
  test('hosts that have read it go on', async () => {
    for (const _host of stack.hosts()) await obtainTokens(client)
    misbehave({ jwks: { kind: 'status', status: 503 } })
    for (const _host of stack.hosts()) await obtainTokens(client)
  })

  test('hosts that have never read it: a page, and reloading it completes the sign-in when the keys are back', async () => {
    const log = watchLog(stack.logs)
    const { load, redeem } = await userAtCallback(client)
    await restartEveryHost(stack)
    misbehave({ jwks: { kind: 'status', status: 503 } })
    const page = await load()
    expect([page.status, page.headers.get('location')]).toEqual([503, null])
    await log.has('upstream_failed', { kind: 'passing' })
    misbehave({})
    await redeem(await load())
  })

  test('the provider signs with a key that no host knows: the user goes through it once more, when the keys are back', async () => {
    for (const _host of stack.hosts()) await obtainTokens(client)
    const { browser, load, redeem } = await userAtCallback(client)
    await stack.provider.rotateKeys()
    misbehave({ jwks: { kind: 'status', status: 503 } })
    const again = locationOf(await load())
    misbehave({})
    const callback = await signInHeadless({ url: again, email: 'no form', fetch: browser.fetch })
    await redeem(await browser.fetch(callback))
  })
})
