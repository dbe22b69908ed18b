import { describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  type Harness,
  newPkce,
  register,
  sealedRequest,
  TestBrowser,
} from '../../../dev/worlds/authorization-server.ts'

const untrusted = 'https://app.example/callback'

type Changes = Readonly<Record<string, string | undefined>>
const present = (all: Changes): [string, string][] =>
  Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))

/** Posts a form as its page does, with these changes. `undefined` leaves a header or field out. */
const post = (browser: TestBrowser, path: string, fields: Changes, headers: Changes = {}) =>
  browser.open(path, {
    method: 'POST',
    headers: present({ origin: browser.server.issuer, 'sec-fetch-site': 'same-origin', ...headers }),
    body: new URLSearchParams(present(fields)),
  })

interface OpenForm {
  readonly server: Harness
  readonly browser: TestBrowser
  press(action: string | undefined, headers?: Changes): Promise<Response>
}

/** A user sees the consent page of a client on an untrusted host. */
async function atConsent(server = createHarness(), browser = new TestBrowser(server)): Promise<OpenForm> {
  const clientId = await register(server, { redirect_uris: [untrusted] })
  const page = await browser.open(authorizePath(clientId, newPkce(), { redirect_uri: untrusted }))
  const request = sealedRequest(await page.text())
  return { server, browser, press: (action, headers) => post(browser, '/oauth/approve', { request, action }, headers) }
}

/** The same user has signed in and sees the confirmation page. */
async function atConfirmation(
  server = createHarness(),
  browser = new TestBrowser(server),
): Promise<OpenForm & { state: string }> {
  const approved = await (await atConsent(server, browser)).press('approve')
  const state = new URL(approved.headers.get('location') ?? '').searchParams.get('state') ?? ''
  await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'x' })}`)
  const press: OpenForm['press'] = (action, headers) => post(browser, '/oauth/confirm', { state, action }, headers)
  return { server, browser, state, press }
}

describe.each([
  ['consent', 'approve', atConsent],
  ['confirmation', 'confirm', atConfirmation],
] as const)('the form of the %s', (_name, yes, open) => {
  test.each([undefined, '', 'yes', 'Approve', 'Confirm', 'submit', 'approve confirm'])(
    'with the action %j counts as a refusal: no sign-in begins and no code is issued [C-01 C-11 A-17]',
    async (action) => {
      const { server, browser, press } = await open()
      const answer = await press(action)
      expect([answer.headers.get('location'), [...browser.cookies.keys()]]).toEqual([null, ['__Host-browser']])
      expect(await answer.text()).toContain('error=access_denied')
      expect(server.log.map(({ event }) => event)).not.toContain('code_issued')
    },
  )

  const old = { 'sec-fetch-site': undefined }
  const silent = { origin: undefined }

  test.each<[string, Changes]>([
    ['by a sibling site, without an Origin', { ...silent, 'sec-fetch-site': 'same-site' }],
    ['by another site, without an Origin', { ...silent, 'sec-fetch-site': 'cross-site' }],
    ['with Sec-Fetch-Site: none, without an Origin', { ...silent, 'sec-fetch-site': 'none' }],
    ['by a browser that sends neither header', { ...silent, ...old }],
    ['by a host that begins like ours', { ...old, origin: 'https://docs.example.evil.example' }],
    ['by a host that ends like ours', { ...old, origin: 'https://evil-docs.example' }],
    ['by another port of our host', { ...old, origin: 'https://docs.example:8443' }],
    ['by our host without TLS', { ...old, origin: 'http://docs.example' }],
    ['by a page without an origin', { ...old, origin: 'null' }],
    ['by another site that claims to be the same', { origin: 'https://evil.example' }],
    ['by another site, whatever its Origin says', { 'sec-fetch-site': 'cross-site' }],
    ['by a sibling site', { 'sec-fetch-site': 'same-site' }],
    ['with Sec-Fetch-Site: none', { 'sec-fetch-site': 'none' }],
  ])('a post %s is refused and changes nothing [C-08 A10]', async (_by, headers) => {
    const { browser, press } = await open()
    const before = [...browser.cookies]
    const answer = await press(yes, headers)
    expect([answer.status, answer.headers.get('location'), [...browser.cookies]]).toEqual([403, null, before])
    expect((await press(yes)).status).toBe(303)
  })

  test.each<[string, Changes]>([
    ['Origin', old],
    ['Sec-Fetch-Site', silent],
  ])('a post of a browser that sends only %s is accepted [C-08]', async (_name, headers) => {
    expect((await (await open()).press(yes, headers)).status).toBe(303)
  })
})

test.each([undefined, 'cancel', 'yes', ''])(
  'confirmed, and then posted again with the action %j: a page, and no redirect [A-17 F-02]',
  async (action) => {
    const { press } = await atConfirmation()
    const confirmed = (await press('confirm')).headers.get('location')
    expect(confirmed).toContain('code=')
    expect((await press('confirm')).headers.get('location')).toBe(confirmed)
    const again = await press(action)
    expect([again.status, again.headers.get('location')]).toEqual([200, null])
  },
)

test('a sign-in cannot be confirmed under the state of another [A-17 A-21 A27]', async () => {
  const one = await atConfirmation()
  const { server, browser, state } = await atConfirmation(one.server, one.browser)
  const cookie = `__Host-tx.${one.state}=${browser.cookies.get(`__Host-tx.${state}`)}`
  const headers = { cookie, origin: server.issuer, 'sec-fetch-site': 'same-origin' }
  const body = new URLSearchParams({ state: one.state, action: 'confirm' })
  const answer = await server.fetch('/oauth/confirm', { method: 'POST', headers, body })
  expect([answer.status, answer.headers.get('location')]).toEqual([403, null])
  expect(server.log.map(({ event }) => event)).not.toContain('code_issued')
  expect((await one.press('confirm')).status).toBe(303)
})

describe('a browser cookie', () => {
  const form = 'A'.repeat(43)

  test.each([
    ['too short', form.slice(1)],
    ['too long', `${form}A`],
    ['with a dot', `${form.slice(1)}.`],
    ['with a sign of plain base64', `${form.slice(1)}+`],
    ['quoted', `"${form.slice(2)}"`],
    ['with another letter', `${form.slice(1)}é`],
    ['one letter', 'A'],
    ['with a valid cookie inside', `x=${form}`],
  ])(
    'of another form (%s) is ignored: the page sets a new one and binds the form to it [C-08 C-09]',
    async (_, value) => {
      const server = createHarness()
      const clientId = await register(server)
      const headers = { cookie: `__Host-browser=${value}` }
      const shown = await server.fetch(authorizePath(clientId, newPkce()), { headers })
      const [set = ''] = shown.headers.getSetCookie()
      expect(set).toMatch(/^__Host-browser=[A-Za-z0-9_-]{43};/)
      const request = sealedRequest(await shown.text())
      const press = (cookie: string) =>
        server.fetch('/oauth/approve', {
          method: 'POST',
          headers: { cookie, origin: server.issuer, 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ request, action: 'approve' }),
        })
      expect((await press(`__Host-browser=${value}`)).status).toBe(403)
      expect((await press(set.split(';')[0] ?? '')).status).toBe(303)
    },
  )

  test('of the right form is kept unchanged [C-08]', async () => {
    const server = createHarness()
    const headers = { cookie: `__Host-browser=${form}` }
    const shown = await server.fetch(authorizePath(await register(server), newPkce()), { headers })
    expect(shown.headers.getSetCookie()).toEqual([])
  })
})
