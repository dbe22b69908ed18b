import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readForm } from '../../dev/browser/form.ts'
import type { Browser } from '../../dev/browser/jar.ts'
import { openConsentPage } from '../../dev/browser/person.ts'
import { signInHeadless } from '../../dev/oidc/sign-in.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import {
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

let stack: Stack
let client: OAuthClient
/** A redirect URI on an untrusted host, so that the broker asks for a confirmation after the sign-in. */
const untrusted = 'https://app.example/callback'

beforeAll(async () => {
  stack = await startStack()
  client = await registerClient(stack.url)
})
afterAll(async () => {
  await stack?.stop()
})

const atTheCallback = (options: UserAtCallback = {}) => userAtCallback(client, options)

/** The same browser before any answer: two concurrent requests both carry these cookies. */
const cookieOf = (browser: Browser, url: URL) => browser.cookies.header(url, { method: 'GET', initiator: null }) ?? ''

const speculative = [
  { 'sec-purpose': 'prefetch' },
  { 'sec-purpose': 'prefetch;prerender' },
  { 'sec-purpose': 'prefetch;anonymous-client-ip' },
  { purpose: 'prefetch' },
  { purpose: 'preview' },
  { 'x-purpose': 'preview' },
  { 'x-moz': 'prefetch' },
  { 'Sec-Purpose': 'Prefetch' },
]

test.each(speculative)('a callback that is loaded ahead of time (%j) takes no step [F-02 N18]', async (headers) => {
  const { browser, callback, load, redeem } = await atTheCallback()
  const early = await browser.fetch(callback, { headers: headers as Record<string, string> })
  expect([early.status, early.headers.get('location'), early.headers.getSetCookie()]).toEqual([503, null, []])
  expect(early.headers.get('cache-control')).toContain('no-store')
  await redeem(await load())
})

test('two callbacks at once: one or two codes for one approval, no error for the client, and at most one grant [F-02]', async () => {
  const { browser, request, callback } = await atTheCallback()
  const headers = { cookie: cookieOf(browser, callback) }
  const answers = await Promise.all([0, 1, 2].map(() => fetch(callback, { headers, redirect: 'manual' })))
  const locations = answers.map(locationOf)
  const [ours, theirs] = [client.redirectUri, stack.provider.issuer].map((place) =>
    locations.filter(({ href }) => href.startsWith(place)),
  )
  expect([ours?.length, theirs?.length]).toEqual([1, 2])
  // The browser shows the last answer: it goes through the provider once more, and back.
  for (const [index, answer] of answers.entries()) {
    if (!theirs?.includes(locations[index] ?? callback)) continue
    for (const cookie of answer.headers.getSetCookie()) browser.cookies.set(callback, cookie)
  }
  const again = await signInHeadless({ url: theirs?.at(-1) ?? '', email: 'no form', fetch: browser.fetch })
  const last = locationOf(await browser.fetch(again))
  const { accessToken } = tokensOf(await client.redeem(request, codeOf(last)))
  // The other code of the same approval is refused, and ends nothing.
  const other = await client.redeem(request, codeOf(ours?.[0] ?? last))
  expect([other.status, other.body.error]).toEqual([400, 'invalid_grant'])
  expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(200)
})

test('a callback that is reloaded or reached by the back button after the sign-in: a page says so, with the same code for a click [F-02]', async () => {
  const { browser, request, callback } = await atTheCallback()
  const first = locationOf(await browser.fetch(callback))
  for (const load of [callback, new URL(`${callback.href}&code=other`), callback]) {
    if (load !== callback) load.searchParams.delete('code')
    const again = await browser.fetch(load)
    expect([again.status, again.headers.get('location'), again.headers.getSetCookie()]).toEqual([200, null, []])
    const text = await again.text()
    expect(text).toContain('This sign-in is finished')
    expect(text).toContain(first.href.replaceAll('&', '&amp;'))
  }
  tokensOf(await client.redeem(request, codeOf(first)))
})

test('Approve pressed twice: both ways through the provider complete', async () => {
  const browser = createWatchedBrowser()
  const request = client.authorizationRequest()
  const page = await openConsentPage(browser, request.url)
  const [one, two] = await Promise.all([page.press('approve'), page.press('approve')])
  expect(locationOf(one).origin).toBe(stack.provider.issuer)
  const callback = await signInHeadless({ url: locationOf(two), email: newAddress(), fetch: browser.fetch })
  tokensOf(await client.redeem(request, codeOf(locationOf(await browser.fetch(callback)))))
})

describe('the confirmation', () => {
  async function atTheConfirmation() {
    const { client_id } = await (
      await send(`${stack.url}/oauth/register`, json(JSON.stringify({ redirect_uris: [untrusted] })))
    ).json()
    const browser = createWatchedBrowser()
    const { request, callback } = await atTheCallback({ browser, changes: { client_id, redirect_uri: untrusted } })
    const { action, fields } = readForm(await (await browser.fetch(callback)).text(), callback)
    fields.set('action', 'confirm')
    const redeem = (code: string) => client.redeem(request, code, { client_id, redirect_uri: untrusted })
    return { browser, callback, action, fields, redeem }
  }

  test('pressed twice, one after the other: the same code, one session [A-17 F-02]', async () => {
    const { browser, action, fields, callback, redeem } = await atTheConfirmation()
    const press = () => browser.fetch(action, { method: 'POST', body: fields, initiator: callback })
    const [first, second] = [locationOf(await press()), locationOf(await press())]
    expect(second.href).toBe(first.href)
    const { refreshToken } = tokensOf(await redeem(codeOf(first)))
    expect(refreshToken).not.toBe('')
    const reloaded = await browser.fetch(callback)
    expect([reloaded.status, await reloaded.text()]).toEqual([200, expect.stringContaining('is finished')])
  })

  test('pressed twice at once: one code, or two of which one becomes a session and the other ends nothing [A-17 F-02 N18]', async () => {
    const { browser, action, fields, redeem } = await atTheConfirmation()
    const init = {
      method: 'POST',
      headers: { cookie: cookieOf(browser, action), origin: stack.url, 'sec-fetch-site': 'same-origin' },
      body: fields,
      redirect: 'manual',
    } as const
    const answers = await Promise.all([0, 1].map(() => fetch(action, init)))
    const [one = '', two = ''] = answers.map((answer) => codeOf(locationOf(answer)))
    const { accessToken } = tokensOf(await redeem(one))
    if (two !== one) expect((await redeem(two)).body.error).toBe('invalid_grant')
    expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(200)
  })
})

describe('a thief gains nothing', () => {
  test('with the address of a callback, in another browser, before, during and after the sign-in: only a page [F-02 A9]', async () => {
    const { browser, request, callback } = await atTheCallback()
    const thief = createWatchedBrowser()
    await openConsentPage(thief, client.authorizationRequest().url)
    const expectNothing = async () => {
      const answer = await thief.fetch(callback, { initiator: 'https://attacker.example/' })
      expect([answer.status, answer.headers.get('location')]).toEqual([403, null])
      expect(await answer.text()).not.toContain('code=')
    }
    await expectNothing()
    const code = codeOf(locationOf(await browser.fetch(callback)))
    await expectNothing()
    await browser.fetch(callback)
    await expectNothing()
    tokensOf(await client.redeem(request, code))
  })

  test('with the same state under a cookie of the thief: only a page [F-02 A27]', async () => {
    const { callback } = await atTheCallback()
    const thief = await atTheCallback()
    const own = thief.callback.searchParams.get('state') ?? ''
    const state = callback.searchParams.get('state') ?? ''
    const cookie = cookieOf(thief.browser, callback).replace(own, state)
    const answer = await fetch(callback, { headers: { cookie }, redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).toEqual([403, null])
  })

  test('with the cookie and the address, after the sign-in: the earlier way to the client, and no second session [F-02 T-13]', async () => {
    const { browser, request, callback } = await atTheCallback()
    const before = cookieOf(browser, callback)
    const first = locationOf(await browser.fetch(callback))
    const after = cookieOf(browser, callback)
    const { accessToken } = tokensOf(await client.redeem(request, codeOf(first)))

    // With the earlier cookie: the provider takes no code twice, and asks for a sign-in; it does not know the thief.
    const early = await fetch(callback, { headers: { cookie: before }, redirect: 'manual' })
    expect(locationOf(early).origin).toBe(stack.provider.issuer)
    // With the cookie of after: the same code, which is spent, at the same address of the client; and without the client's
    // verifier nothing can be done with it.
    const text = await (await fetch(callback, { headers: { cookie: after }, redirect: 'manual' })).text()
    const [, link = ''] = /<a class="button quiet" href="([^"]*)"/.exec(text) ?? []
    expect(link.replaceAll('&amp;', '&')).toBe(first.href)
    const stolen = await client.redeem(request, codeOf(first), { code_verifier: 'x'.repeat(43) })
    expect(stolen.body.error).toBe('invalid_grant')
    expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(200)
  })
})

describe('slow users', () => {
  test('MCP_OAUTH_SIGN_IN_TTL: a user who takes longer at the provider starts again with one click, at the consent page [N19]', async () => {
    // The second sign-in has to take less, on a busy machine too.
    const slow = await startStack({ settings: { MCP_OAUTH_SIGN_IN_TTL: '8' } })
    try {
      const own = await registerClient(slow.url)
      const { browser, request, callback, load, redeem } = await userAtCallback(own)
      await setTimeout(9_000)
      const late = await load()
      expect([late.status, late.headers.get('location'), late.headers.getSetCookie()]).toEqual([403, null, []])
      const text = await late.text()
      expect(text).toContain('This sign-in has expired')
      const [, link = ''] = /<a class="button primary" href="([^"]*)"/.exec(text) ?? []
      const again = new URL(link.replaceAll('&amp;', '&'), slow.url)
      expect(Object.fromEntries(again.searchParams)).toEqual(Object.fromEntries(request.url.searchParams))
      // In another browser the page does not show the client's state.
      const elsewhere = await (await createWatchedBrowser().fetch(callback)).text()
      expect(elsewhere).not.toContain(request.state)

      const page = await openConsentPage(browser, again)
      const next = locationOf(await page.press('approve'))
      const back = await signInHeadless({ url: next, email: 'no form', fetch: browser.fetch })
      await redeem(await browser.fetch(back))
    } finally {
      await slow.stop()
    }
  })
})

test('the sign-in of another user is not affected', async () => {
  await obtainTokens(client)
})
