import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  newPkce,
  redirectUri,
  register,
  sealedRequest,
  signIn,
  TestBrowser,
} from '../../../dev/worlds/authorization-server.ts'
import { longestState, longStates } from '../../../dev/worlds/long-states.ts'

const untrusted = 'https://app.example/callback'
const appUri = 'cursor://anysphere.cursor-mcp/oauth/callback'
/** The longest redirect URI that may be registered. */
const longUri = `${untrusted}?${'q'.repeat(512 - untrusted.length - 1)}`
const longName = '\u{1F4A1}'.repeat(64)

const incompressible = randomBytes(longestState).toString('base64').slice(0, longestState)
const answerOf = (response: Response) => new URL(response.headers.get('location') ?? '').searchParams
const headerOf = (browser: TestBrowser) => [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')

async function start() {
  const server = createHarness()
  const clientId = await register(server, { redirect_uris: [redirectUri, untrusted, appUri, longUri] })
  return { server, clientId, browser: new TestBrowser(server) }
}

/** Goes up to the confirmation page. */
async function toConfirmation(browser: TestBrowser, clientId: string, more: Record<string, string>) {
  const page = await (await browser.open(authorizePath(clientId, newPkce(), more))).text()
  const approved = await browser.press(page, 'approve')
  const state = answerOf(approved).get('state') ?? ''
  const path = `/mcp/callback?${new URLSearchParams({ state, code: 'x' })}`
  const confirm = (action: string) =>
    browser.open('/oauth/confirm', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: browser.server.issuer },
      body: new URLSearchParams({ state, action }),
    })
  return { approved, path, asked: await browser.open(path), confirm }
}

describe.each(longStates)(`a state of ${longestState} characters: %s`, (_name, state) => {
  test('is echoed unchanged with a code, with an error and with a refusal of the user [A-11]', async () => {
    const { clientId, browser } = await start()
    expect((await signIn(browser, clientId, newPkce(), { state })).searchParams.getAll('state')).toEqual([state])
    const left = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    expect(left.length, 'what is left only knows that it is over').toBeLessThan(7500)
    const error = await browser.open(authorizePath(clientId, newPkce(), { state, response_type: 'x' }))
    expect(answerOf(error).getAll('state')).toEqual([state])
    const page = await (await browser.open(authorizePath(clientId, newPkce(), { state }))).text()
    expect(answerOf(await browser.press(page, 'cancel')).getAll('state')).toEqual([state])
  })

  test('is echoed after the confirmation, and a reload shows the confirmation page again [A-11]', async () => {
    const { clientId, browser } = await start()
    const { path, asked, confirm } = await toConfirmation(browser, clientId, { state, redirect_uri: untrusted })
    expect(await asked.text()).toContain('value="confirm"')
    expect(await (await browser.open(path)).text()).toContain('value="confirm"')
    expect(answerOf(await confirm('confirm')).getAll('state')).toEqual([state])
    expect(await (await browser.open(path)).text()).toContain('This sign-in is finished')
  })
})

test('the longest possible name, redirect URI, user and state work together [A-11]', async () => {
  const { server, browser } = await start()
  server.identity = {
    issuer: 'https://login.example/',
    sub: 's'.repeat(255),
    email: `${'e'.repeat(242)}@example.com`,
    organization: { id: '\u{1F4A1}'.repeat(64), name: longName },
  }
  const clientId = await register(server, { redirect_uris: [longUri], client_name: longName })
  const more = {
    state: incompressible,
    redirect_uri: longUri,
    scope: 'docs:read docs:feedback',
    prompt: 'select_account',
  }
  const { approved, asked, confirm } = await toConfirmation(browser, clientId, more)
  for (const cookie of [...approved.headers.getSetCookie(), ...asked.headers.getSetCookie()]) {
    expect(cookie.length).toBeLessThan(4000)
  }
  expect(headerOf(browser).length - '__Host-browser='.length - 43).toBeLessThan(7500)
  expect(answerOf(await confirm('confirm')).get('state')).toBe(incompressible)
})

test.each([longestState + 1, 5000, 8192, 12_000])(
  'a state of %i characters is refused with an error that names state, and is still echoed [A-11]',
  async (length) => {
    const { clientId, browser } = await start()
    const state = 'x'.repeat(length)
    const refused = answerOf(await browser.open(authorizePath(clientId, newPkce(), { state })))
    expect([refused.get('error'), refused.get('error_description'), refused.get('state') === state]).toEqual([
      'invalid_request',
      'state is longer than 4096 characters',
      true,
    ])
  },
)

test('a request that is too large for cookies is an error of the client, not of the server [A-11]', async () => {
  const { clientId, browser } = await start()
  const state = Array.from({ length: longestState }, () =>
    String.fromCodePoint(0x10000 + (randomBytes(3).readUIntBE(0, 3) % 0xe0000)),
  ).join('')
  const refused = answerOf(await browser.open(authorizePath(clientId, newPkce(), { state })))
  expect([refused.get('error'), refused.get('error_description')]).toEqual([
    'invalid_request',
    'the request is too large: use a shorter state',
  ])
})

describe('several sign-ins at once with long states', () => {
  test('stay under 7,500 bytes together; the newest all finish, and the oldest has expired [A-11 N20]', async () => {
    const { server, clientId, browser } = await start()
    const open: { path: string; state: string }[] = []
    for (let length = 200; length <= longestState; length += 650) {
      const state = incompressible.slice(0, length)
      const page = await (await browser.open(authorizePath(clientId, newPkce(), { state }))).text()
      const provider = answerOf(await browser.press(page, 'approve')).get('state') ?? ''
      open.push({ path: `/mcp/callback?${new URLSearchParams({ state: provider, code: 'x' })}`, state })
      expect(headerOf(browser).length - '__Host-browser='.length - 43).toBeLessThan(7500)
      server.clock += 1000
    }
    const answers = []
    for (const { path } of open.reverse()) answers.push((await browser.open(path)).status)
    const finished = answers.filter((status) => status === 303).length
    expect(finished).toBeGreaterThan(0)
    expect(answers).toEqual(answers.map((_, at) => (at < finished ? 303 : 403)))
  })

  test('the cookie parts of one sign-in open only together, in order, and for that sign-in [F-02 A27 N20]', async () => {
    const { server, clientId, browser } = await start()
    const stateOf = async () => {
      browser.cookies.clear()
      const page = await (await browser.open(authorizePath(clientId, newPkce(), { state: incompressible }))).text()
      return answerOf(await browser.press(page, 'approve')).get('state') ?? ''
    }
    const one = await stateOf()
    const ofOne = new Map(browser.cookies)
    const other = await stateOf()
    const name = (state: string, part: string) => `__Host-tx.${state}${part}`
    const [first, second] = [ofOne.get(name(one, '')), ofOne.get(name(one, '.1'))]
    const foreign = browser.cookies.get(name(other, '.1'))
    expect([first, second, foreign].map((value) => typeof value)).toEqual(['string', 'string', 'string'])
    const path = `/mcp/callback?${new URLSearchParams({ state: one, code: 'x' })}`
    const statusWith = async (...parts: (string | undefined)[]) => {
      const cookie = parts.map((part, at) => `${name(one, at === 0 ? '' : `.${at}`)}=${part}`).join('; ')
      return (await server.fetch(path, { headers: { cookie } })).status
    }
    expect(await statusWith(first)).toBe(403)
    expect(await statusWith(second, first)).toBe(403)
    expect(await statusWith(first, foreign)).toBe(403)
    expect(await statusWith(first, second, second)).toBe(403)
    expect(await statusWith(first, second)).toBe(303)
  })
})

test('the form of a long request is bound to its browser like any other [C-08]', async () => {
  const { server, clientId, browser } = await start()
  const page = await (await browser.open(authorizePath(clientId, newPkce(), { state: incompressible }))).text()
  expect(sealedRequest(page).length).toBeLessThan(8192)
  expect((await new TestBrowser(server).press(page, 'approve')).status).toBe(403)
})
