import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Browser } from '../../dev/browser/jar.ts'
import { openConsentPage } from '../../dev/browser/person.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { open, press, type ShownPage, signInToAccount, toCallback } from '../support/account.ts'
import {
  callMcp,
  locationOf,
  newAddress,
  obtainTokens,
  registerClient,
  userAtCallback,
} from '../support/oauth-client.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack, testOnBlobs } from '../support/stack.ts'

/** A docs page on another origin of the same site. Browsers compare the host without its port. */
const docs = 'http://localhost:4999'
const admin = newAddress()

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ settings: { MCP_SESSION_ORIGINS: docs, MCP_ADMINS: `${admin.toUpperCase()}, org:other` } })
  signedInBefore = signInToAccount(stack.url)
  reader = signInToAccount(stack.url)
  await Promise.all([signedInBefore, reader])
})
afterAll(() => stack?.stop())

/** A person who signed in before the store failed. */
let signedInBefore: ReturnType<typeof signInToAccount>
/** A person who stays signed in. */
let reader: ReturnType<typeof signInToAccount>
const account = () => `${stack.url}/account`
const cookieNames = (browser: Browser) => browser.cookies.list().map(({ name }) => name)
const hasSession = (browser: Browser) => cookieNames(browser).includes('session')
const connect = async (name: string, email: string) => obtainTokens(await registerClient(stack.url, name), email)
const namesOn = ({ html }: ShownPage) => [...html.matchAll(/<b><bdi>([^<]*)/g)].map(([, name]) => name)

/** A form as a script of another page would send it, with the person's cookies. */
const post = (browser: Browser, path: string, body: URLSearchParams, headers: Record<string, string>) =>
  send(stack.url + path, {
    method: 'POST',
    body: body.toString(),
    headers: {
      cookie: browser.cookies.header(new URL(stack.url), { method: 'GET', initiator: null }) ?? '',
      'content-type': 'application/x-www-form-urlencoded',
      ...headers,
    },
  })

const session = (browser: Browser, headers: Record<string, string>) =>
  send(`${stack.url}/session`, {
    headers: {
      cookie: browser.cookies.header(new URL(stack.url), { method: 'GET', initiator: null }) ?? '',
      ...headers,
    },
  })

test('a person signs in, sees what is connected as them, ends one, then everything, and signs out [C-13]', async () => {
  const email = newAddress()
  const first = await connect('Editor', email)
  // The list is in order of time, in whole seconds.
  await delay(1000 - (Date.now() % 1000))
  const second = await connect('Terminal', email)
  await connect('Of another person', newAddress())
  const { browser, page } = await signInToAccount(stack.url, { email })
  expect(page.html).toContain(email)
  expect(namesOn(page)).toEqual(['Terminal', 'Editor'])

  const after = await press(browser, page, 'Disconnect')
  expect(after.html).toContain('The app is disconnected.')
  expect(namesOn(after)).toEqual(['Editor'])
  expect((await callMcp(stack.mcpUrl, second.accessToken)).status).toBe(401)
  expect((await callMcp(stack.mcpUrl, first.accessToken)).status).toBe(200)

  const elsewhere = await signInToAccount(stack.url, { email })
  const copied = browser.cookies.header(new URL(stack.url), { method: 'GET', initiator: null }) ?? ''
  const none = await press(browser, after, 'Disconnect everything')
  expect([none.heading, hasSession(browser)]).toEqual(['Everything is disconnected', false])
  // The fence ends the sessions of all browsers, and a copy of the cookie that pressed the button.
  expect((await open(elsewhere.browser, account())).html).toContain('/login?return=%2Faccount')
  expect(await (await send(account(), { headers: { cookie: copied } })).text()).toContain('/login?return=%2Faccount')

  const another = await signInToAccount(stack.url)
  expect(another.page.html).toContain('No app is connected')
  const out = await press(another.browser, another.page, 'Sign out')
  expect([out.heading, hasSession(another.browser)]).toEqual(['You are signed out', false])
  expect((await open(another.browser, account())).html).toContain('/login?return=%2Faccount')
})

testOnBlobs(
  'the audit log has the session, what the person ends, downloads and deletes, and no id of theirs',
  async () => {
    const before = stack.emulator.operations().at(-1)?.sequence
    const email = newAddress()
    await connect('Editor', email)
    const { browser, page } = await signInToAccount(stack.url, { email, query: 'return=/account&fresh=true' })
    await press(browser, page, 'Disconnect')
    await press(browser, await open(browser, `${account()}/download`), 'Download (JSON)')
    await press(browser, await open(browser, `${account()}/delete`), 'Delete my data', { sure: 'yes' })
    const written = () =>
      stack.emulator
        .operations(before)
        .flatMap(({ method, key }) => (method === 'PUT' && key.startsWith('audit/') ? [key] : []))
    const actions = () => new Set(written().map((key) => key.split('.')[1]))
    const expected = new Set(['sign-in', 'grant', 'revocation', 'disclosure', 'forgetting'])
    await vi.waitFor(() => expect(actions()).toEqual(expected), { timeout: 10_000 })
    expect(written().join()).not.toMatch(/u_[\w-]{43}/)
  },
)

describe('a sign-in to our own pages', () => {
  test('never gives a code, and a client’s sign-in never gives a session, even with the cookies exchanged [N5]', async () => {
    const browser = createWatchedBrowser()
    const client = await userAtCallback(await registerClient(stack.url), { browser })
    const own = await toCallback(stack.url, { browser, email: newAddress() })
    const stateOf = (url: URL) => `tx.${url.searchParams.get('state')}`
    const value = (name: string) => browser.cookies.list().find((cookie) => cookie.name === name)?.value ?? ''
    const [ofClient, ofOwn] = [value(stateOf(client.callback)), value(stateOf(own))]
    const answer = async (url: URL, sealed: string) => {
      const headers = { cookie: `${stateOf(url)}=${sealed}`, 'sec-fetch-dest': 'document' }
      const { status, headers: answered } = await send(url, { headers })
      return [status, answered.get('location'), answered.getSetCookie()]
    }
    expect(await answer(client.callback, ofOwn)).toEqual([403, null, []])
    expect(await answer(own, ofClient)).toEqual([403, null, []])

    const toClient = await client.load()
    expect(locationOf(toClient).searchParams.get('code')).toMatch(/./)
    expect(hasSession(browser)).toBe(false)
    const toUs = await browser.fetch(own)
    expect(locationOf(toUs).href).toBe(account())
    expect(hasSession(browser)).toBe(true)
  })

  test('finishes only in the browser that began it, and only with its own state [F-02]', async () => {
    const browser = createWatchedBrowser()
    const callback = await toCallback(stack.url, { browser, email: newAddress() })
    const thief = await open(createWatchedBrowser(), callback)
    expect([thief.status, thief.heading]).toEqual([403, 'This sign-in cannot be finished here'])
    const other = new URL(callback)
    other.searchParams.set('state', `${other.searchParams.get('state')?.slice(0, -1)}~`)
    expect((await open(browser, other)).status).toBe(403)
    // Neither has spent the provider's code.
    expect((await open(browser, callback)).heading).toBe('Your account')
  })

  test('whose callback comes twice, at once or later, ends well', async () => {
    const browser = createWatchedBrowser()
    const callback = await toCallback(stack.url, { browser, email: newAddress() })
    const cookie = browser.cookies.header(callback, { method: 'GET', initiator: null }) ?? ''
    const headers = { cookie, 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' }
    const answers = await Promise.all([1, 2].map(() => send(callback, { headers })))
    // The provider's code works once. The other request is sent to the provider again, which remembers the person.
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    const locations = answers.map((answer) => locationOf(answer).origin).sort()
    expect(new Set(locations)).toEqual(new Set([stack.url, new URL(stack.provider.issuer).origin]))

    const later = await signInToAccount(stack.url)
    const again = await toCallback(stack.url, { browser: later.browser, email: later.email })
    await later.browser.fetch(again)
    const repeated = await later.browser.fetch(again)
    expect([repeated.headers.get('location'), repeated.headers.getSetCookie()]).toEqual([account(), []])
  })

  test.each(['sec-purpose', 'purpose', 'x-moz'])(
    'takes no step for a page that is loaded ahead of time (%s) [N18]',
    async (name) => {
      const browser = createWatchedBrowser()
      const ahead = await browser.fetch(`${stack.url}/login`, { headers: { [name]: 'prefetch' } })
      expect([ahead.status, ahead.headers.getSetCookie()]).toEqual([503, []])
      const callback = await toCallback(stack.url, { browser, email: newAddress() })
      expect((await browser.fetch(callback, { headers: { [name]: 'prefetch' } })).status).toBe(503)
      expect((await open(browser, callback)).heading).toBe('Your account')
    },
  )

  test.each(['empty', 'iframe', 'image'])('needs a navigation: %s is refused', async (destination) => {
    const answer = await send(`${stack.url}/login`, { headers: { 'sec-fetch-dest': destination } })
    expect([answer.status, answer.headers.get('location')]).toEqual([403, null])
  })

  test.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/account/../oauth/authorize?client_id=x',
    '/accounts',
    '/oauth/authorize',
    '/account\t//evil.example',
    'javascript:alert(1)',
    '/account@evil.example/',
  ])('returns to no other address: %s [N17]', async (back) => {
    const query = new URLSearchParams({ return: back }).toString()
    const browser = createWatchedBrowser()
    const callback = await toCallback(stack.url, { browser, email: newAddress(), query })
    expect(locationOf(await browser.fetch(callback)).href).toBe(account())
  })

  test('returns to a page of ours', async () => {
    const query = new URLSearchParams({ return: '/account/download?from=mail' }).toString()
    const browser = createWatchedBrowser()
    const callback = await toCallback(stack.url, { browser, email: newAddress(), query })
    expect(locationOf(await browser.fetch(callback)).href).toBe(`${account()}/download?from=mail`)
  })

  test('that the person cancels at the provider says so, and can begin again', async () => {
    stack.provider.faults.authorization = 'access_denied'
    const { page } = await signInToAccount(stack.url).finally(() => delete stack.provider.faults.authorization)
    expect(page.heading).toBe('You are not signed in')
    expect(page.html).toContain('href="/login?return=%2Faccount"')
  })

  test('never stands for consent, nor for a client’s sign-in at the provider [N5]', async () => {
    const { browser } = await signInToAccount(stack.url)
    const client = await registerClient(stack.url)
    const consent = await openConsentPage(browser, client.authorizationRequest().url)
    const next = locationOf(await consent.press('approve'))
    expect(next.origin).toBe(new URL(stack.provider.issuer).origin)
  })
})

describe('a form of the account pages', () => {
  test('that another site, another origin or a script posts is refused, and changes nothing', async () => {
    const email = newAddress()
    await connect('Editor', email)
    const { browser, page } = await signInToAccount(stack.url, { email })
    const { fields } = page.form('Disconnect')
    for (const headers of [
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' },
      { origin: docs, 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'document' },
      { origin: 'null', 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' },
      { origin: stack.url, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' },
      { 'sec-fetch-dest': 'document' },
    ]) {
      for (const path of ['/account', '/logout']) {
        const answer = await post(browser, path, fields, headers)
        expect([path, answer.status, answer.headers.getSetCookie()]).toEqual([path, 403, []])
      }
    }
    expect(namesOn(await open(browser, account()))).toEqual(['Editor'])
  })

  test('of another person, another session or another action is refused [N21]', async () => {
    const [ada, eve] = [newAddress(), newAddress()]
    await connect('Editor', ada)
    const hers = await signInToAccount(stack.url, { email: ada })
    const other = await signInToAccount(stack.url, { email: eve })
    const again = await signInToAccount(stack.url, { email: ada })
    const headers = { origin: stack.url, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document' }
    const { fields } = hers.page.form('Disconnect')
    // Neither the form nor its address names the grant.
    expect(hers.page.html).not.toMatch(/grants\/|(?<![\w-])u_[\w-]{43}(?![\w-])/)
    const attempts = [
      await post(other.browser, '/account', fields, headers),
      await post(again.browser, '/account', fields, headers),
      await post(hers.browser, '/account', hers.page.form('Sign out').fields, headers),
      await post(hers.browser, '/logout', fields, headers),
      await post(hers.browser, '/account', new URLSearchParams({ form: 'x' }), headers),
      await post(hers.browser, '/account', new URLSearchParams(), headers),
      await post(hers.browser, '/account/delete', fields, headers),
    ]
    expect(attempts.slice(0, 6).map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403])
    // The page asks for a recent sign-in first.
    expect(await attempts[6]?.text()).toContain('Sign in again')
    expect(namesOn(await open(again.browser, account()))).toEqual(['Editor'])
  })
})

describe('a session', () => {
  testOnBlobs('counts for nothing while the store does not say whether its person has been ended [N2]', async () => {
    const { browser } = await signInToAccount(stack.url)
    stack.emulator.addFault({ action: 'status', status: 500, key: '^ended/' })
    try {
      const page = await open(browser, account())
      expect([page.status, page.heading]).toEqual([503, 'We cannot read your account right now'])
      const answer = await session(browser, { 'sec-fetch-site': 'same-origin' })
      expect([answer.status, await answer.json()]).toEqual([503, { error: 'temporarily_unavailable' }])
      // A person can always sign out.
      const { browser: second, page: shown } = await signedInBefore
      expect((await press(second, shown, 'Sign out')).heading).toBe('You are signed out')
    } finally {
      stack.emulator.clearFaults()
    }
  })

  test('has an admin’s page only for an address of MCP_ADMINS that the provider has verified [N6]', async () => {
    const link = 'Open the admin pages'
    expect((await signInToAccount(stack.url, { email: admin })).page.html).toContain(link)
    expect((await signInToAccount(stack.url)).page.html).not.toContain(link)
    stack.provider.faults.claims = { email_verified: false }
    const unverified = await signInToAccount(stack.url, { email: admin }).finally(
      () => delete stack.provider.faults.claims,
    )
    expect(unverified.page.html).not.toContain(link)
  })

  test('shows pages that no other page can frame, and no cache keeps', async () => {
    const { browser, page } = await signInToAccount(stack.url)
    const pages = [page, await open(browser, `${account()}/delete`), await open(browser, `${account()}/nowhere`)]
    expect(pages.map(({ status }) => status)).toEqual([200, 200, 404])
    for (const { headers } of pages) {
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    }
  })

  test('cannot be ended by a link: signing out is a form', async () => {
    const { browser } = await signInToAccount(stack.url)
    const answer = await browser.fetch(`${stack.url}/logout`)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
    expect(hasSession(browser)).toBe(true)
  })
})

describe('what cannot be undone', () => {
  test('needs a sign-in within ten minutes, at which the provider asks even a person whom it remembers [N5]', async () => {
    const { browser, email } = await signInToAccount(stack.url)
    for (const path of ['/account/download', '/account/delete']) {
      const page = await open(browser, stack.url + path)
      expect(page.heading).toBe('Sign in again')
      expect(page.html).toContain(`href="/login?return=${encodeURIComponent(path)}&amp;fresh=true"`)
    }
    const login = locationOf(await browser.fetch(`${stack.url}/login?return=/account/delete&fresh=true`))
    expect(login.searchParams.get('prompt')).toBe('login')
    expect(login.searchParams.get('max_age')).toBe('600')
    const again = await signInToAccount(stack.url, { browser, email, query: 'return=/account/delete&fresh=true' })
    expect(again.page.heading).toBe('Delete your data')
  })

  test('is not done with an old sign-in that the provider passes off as a new one', async () => {
    stack.provider.faults.claims = { auth_time: Math.floor(Date.now() / 1000) - 601 }
    const query = 'return=/account/delete&fresh=true'
    const { page } = await signInToAccount(stack.url, { query }).finally(() => delete stack.provider.faults.claims)
    expect(page.heading).toBe('Sign in again')
  })

  test('a person downloads what is held on them, as JSON', async () => {
    const email = newAddress()
    await connect('Editor', email)
    const { browser, page } = await signInToAccount(stack.url, { email, query: 'return=/account/download&fresh=true' })
    const file = await press(browser, page, 'Download (JSON)')
    expect(file.headers.get('content-disposition')).toBe('attachment; filename="my-data.json"')
    expect(file.headers.get('cache-control')).toBe('no-store')
    expect(JSON.parse(file.html)).toMatchObject({ sub: expect.stringMatching(/^u_/), held: {} })
  })

  test('a person deletes what is held on them: every client is disconnected, and no browser is signed in', async () => {
    const email = newAddress()
    const { accessToken } = await connect('Editor', email)
    const elsewhere = await signInToAccount(stack.url, { email })
    const { browser, page } = await signInToAccount(stack.url, { email, query: 'return=/account/delete&fresh=true' })
    expect((await press(browser, page, 'Delete my data')).status).toBe(400)
    expect(hasSession(browser)).toBe(true)
    const done = await press(browser, page, 'Delete my data', { sure: 'yes' })
    expect([done.heading, hasSession(browser)]).toEqual(['Your data is being deleted', false])
    expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(401)
    expect((await open(elsewhere.browser, account())).heading).toBe('Your data is being deleted')
    // Until it is done, a new sign-in gives nothing either.
    expect((await signInToAccount(stack.url, { email })).page.heading).toBe('Your data is being deleted')
  })
})

describe('GET /session', () => {
  test('tells a page of this origin who is signed in, and never the id of the person [N17]', async () => {
    const { browser, email } = await signInToAccount(stack.url)
    const answer = await session(browser, { 'sec-fetch-site': 'same-origin' })
    const said = await answer.json()
    expect(said).toMatchObject({ signed_in: true, email, email_verified: true, organization: 'example.com' })
    expect(JSON.stringify(said)).not.toMatch(/u_[\w-]{43}/)
    const nobody = await session(createWatchedBrowser(), { 'sec-fetch-site': 'same-origin' })
    expect(await nobody.json()).toEqual({ signed_in: false, login: `${stack.url}/login`, account: account() })
    for (const { headers } of [answer, nobody]) {
      expect(headers.get('cache-control')).toBe('private, no-store')
      expect(headers.get('vary')).toBe('Origin')
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
  })

  test('tells a page of MCP_SESSION_ORIGINS, and lets it read the answer [N17]', async () => {
    const { browser, email } = await signInToAccount(stack.url)
    const answer = await session(browser, { origin: docs, 'sec-fetch-site': 'same-site' })
    expect(await answer.json()).toMatchObject({ signed_in: true, email })
    expect(answer.headers.get('access-control-allow-origin')).toBe(docs)
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true')
  })

  test.each([
    ['another origin', { origin: 'http://localhost:5000', 'sec-fetch-site': 'same-site' }],
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['a listed origin that the browser counts as another site', { origin: docs, 'sec-fetch-site': 'cross-site' }],
    ['a page without an origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['an embedded resource of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'script' }],
    ['an embedded resource of a neighbor', { 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'image' }],
    ['two origins', { origin: `${docs}, ${docs}`, 'sec-fetch-site': 'same-site' }],
  ])('tells nothing to %s [N17]', async (_, headers) => {
    const { browser } = await reader
    const answer = await session(browser, headers)
    expect([answer.status, await answer.json()]).toEqual([403, { error: 'not_allowed' }])
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  })
})
