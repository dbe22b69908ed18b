import { createServer } from 'node:http'
import type { Browser, Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../../dev/browser/chromium.ts'
import { startVendor, type VendorServer } from '../../dev/oidc/vendors/server.ts'
import type { VendorName } from '../../dev/oidc/vendors/vendors.ts'
import { freePorts, localUrl } from '../../dev/start/ports.ts'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { expectGoodPage } from './axe.ts'
import { enterOn, noMouse } from './keys.ts'
import { type Listening, listen } from './listen.ts'
import { withPerson } from './person.ts'
import { press, startSession } from './session.ts'

/** An instance whose users choose among several OpenID Providers. One has no button, and is found by the domain of an address. */

const secret = 'client-secret-of-this-service-at-a-provider'
const longLabel = 'W'.repeat(40)
const labels = { google: 'Google', entra: 'Microsoft', github: 'GitHub', keycloak: longLabel }
const names = ['google', 'entra', 'github', 'keycloak', 'okta'] as const satisfies readonly VendorName[]
const phone = { width: 320, height: 568 }
const more: Readonly<Partial<Record<VendorName, object>>> = {
  entra: { organizations: 'any' },
  keycloak: { label: longLabel },
  okta: { label: 'Looms', email_domains: ['looms.example'], button: false },
}

let stack: Stack
let browser: Browser
let client: Listening
let servers: readonly VendorServer[]

beforeAll(async () => {
  keepSecret(secret)
  const port = await freePorts()
  client = await listen(createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>Back')))
  servers = await Promise.all(
    names.map((name) =>
      startVendor(name, { clientSecret: secret, redirectUris: [`${localUrl(port)}/mcp/callback/${name}`] }),
    ),
  )
  const list = servers.map(({ vendor, origin, issuer, clientId }) => ({
    name: vendor,
    preset: vendor,
    issuer: ['entra', 'google', 'github'].includes(vendor) ? origin : issuer,
    client_id: clientId,
    client_secret_variable: 'MCP_PROVIDER_SECRET_ALL',
    ...more[vendor],
  }))
  const settings = { MCP_PROVIDERS: JSON.stringify(list), MCP_PROVIDER_SECRET_ALL: secret }
  ;[stack, browser] = await Promise.all([startStack({ port, settings }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
  await Promise.all([client?.stop(), ...(servers ?? []).map(({ stop }) => stop())])
})

const redirectUri = () => `http://127.0.0.1:${client.port}/callback`
const newSession = (changes = {}) => startSession(stack.url, { redirectUri: redirectUri() }, changes)
const button = (tab: Tab, label: string) => tab.getByRole('button', { name: `Continue with ${label}`, exact: true })
const addressField = (tab: Tab) => tab.getByLabel('Your work email address')
const seenBy = () => servers.map(({ authorizationRequests }) => authorizationRequests.length)

/** Waits until the browser is back at the client. Redeems the code. */
async function arrive(tab: Tab, session: Awaited<ReturnType<typeof newSession>>): Promise<number> {
  await tab.waitForURL(`${redirectUri()}?**`)
  return session.redeem(new URL(tab.url()).searchParams)
}

/** The buttons of the form, from top to bottom: their left edges, their widths, and the spaces between them. */
async function shapesOf(tab: Tab) {
  const boxes = await Promise.all((await tab.locator('form button').all()).map((each) => each.boundingBox()))
  const edges = boxes.map((box) => `${box?.x} ${box?.width}`)
  const gaps = boxes.slice(1).map((box, index) => {
    const above = boxes[index]
    return (box?.y ?? 0) - (above?.y ?? 0) - (above?.height ?? 0)
  })
  return { edges: new Set(edges), gaps }
}

test.each([
  ['a desktop', { width: 1280, height: 800 }],
  ['a phone', phone],
])(
  '%s: the page with several buttons and a field is good, light and dark, also with an address that nobody knows',
  (_, viewport) =>
    withPerson(
      browser,
      async ({ tab }) => {
        await tab.goto((await newSession()).url)
        const check = async () => {
          await expectGoodPage(tab)
          const { edges, gaps } = await shapesOf(tab)
          expect(edges.size).toBe(1)
          expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10)
        }
        await check()
        await addressField(tab).fill('ada@nowhere.example')
        await press(button(tab, 'this address'))
        await tab.getByRole('alert').waitFor()
        expect(await addressField(tab).inputValue()).toBe('ada@nowhere.example')
        await check()
      },
      { viewport },
    ),
)

test.each(Object.entries(labels))(
  'without JavaScript, the button of %s leads to its authorization endpoint alone, and the sign-in completes',
  (name, label) =>
    withPerson(
      browser,
      async ({ tab }) => {
        const session = await newSession()
        const before = seenBy()
        await tab.goto(session.url)
        await press(button(tab, label))
        expect(await arrive(tab, session)).toBe(200)
        const more = seenBy().map((count, index) => count - (before[index] ?? 0))
        expect(names.filter((_, index) => more[index] === 1)).toEqual([name])
        expect(more.reduce((sum, count) => sum + count)).toBe(1)
      },
      { javaScriptEnabled: false },
    ),
)

test('with the keyboard on a phone: the field comes first, then each button; Enter in the field finds the provider of the domain', () =>
  withPerson(
    browser,
    async ({ tab, context }) => {
      await context.addInitScript(noMouse)
      const buttons = ['Redpanda Cloud', ...Object.values(labels)].map((label) => `Continue with ${label}`)
      const stops = ['Full address', 'Your work email address', 'Continue with this address', ...buttons, 'Cancel']
      const canceled = await newSession()
      await tab.goto(canceled.url)
      await enterOn(tab, stops)
      await tab.waitForURL(`${redirectUri()}?**`)
      expect(new URL(tab.url()).searchParams.get('error')).toBe('access_denied')

      const session = await newSession()
      await tab.goto(session.url)
      // The field is empty, and then has no provider. It has the focus again each time.
      await enterOn(tab, stops.slice(0, 2))
      await tab.getByText('Enter your whole email address.').waitFor()
      await tab.keyboard.type('ada@nowhere.example')
      await tab.keyboard.press('Enter')
      await tab.getByText('No company sign-in is set up for that address.').waitFor()
      await tab.keyboard.press('ControlOrMeta+A')
      await tab.keyboard.type('ada@looms.example')
      const before = seenBy()
      await tab.keyboard.press('Enter')
      expect(await arrive(tab, session)).toBe(200)
      expect(seenBy().map((count, index) => count - (before[index] ?? 0))).toEqual(
        names.map((name) => Number(name === 'okta')),
      )
    },
    { viewport: phone },
  ))

test('half an address in the field keeps no other button from working', () =>
  withPerson(browser, async ({ tab }) => {
    const session = await newSession()
    await tab.goto(session.url)
    await addressField(tab).fill('ada')
    await press(button(tab, 'GitHub'))
    expect(await arrive(tab, session)).toBe(200)
  }))

test('a client names an address: the button of its provider comes first, and the page asks for no address', () =>
  withPerson(browser, async ({ tab }) => {
    await tab.goto((await newSession({ login_hint: 'ada@looms.example' })).url)
    expect(await tab.getByRole('button').first().innerText()).toBe('Continue with Looms')
    expect(await addressField(tab).count()).toBe(0)
    await expectGoodPage(tab)
  }))

test.each([
  ['with', true],
  ['without', false],
])(
  '%s JavaScript: from the account page a person comes to the choice, corrects the address, and sees where they signed in',
  (_, javaScriptEnabled) =>
    withPerson(
      browser,
      async ({ tab }) => {
        const seen: string[] = []
        tab.on('request', (request) => seen.push(request.url()))
        const check = () => (javaScriptEnabled ? expectGoodPage(tab) : Promise.resolve())
        await tab.goto(`${stack.url}/account`)
        await check()
        await press(tab.getByRole('link', { name: 'Sign in', exact: true }))
        await tab.getByRole('heading', { name: 'How do you sign in?' }).waitFor()
        await check()
        await press(button(tab, 'this address'))
        await tab.getByText('Enter your whole email address.').waitFor()
        await addressField(tab).fill('ada@nowhere.example')
        await press(button(tab, 'this address'))
        await tab.getByText('No company sign-in is set up for that address.').waitFor()
        expect([await addressField(tab).inputValue(), tab.url()]).toEqual(['ada@nowhere.example', `${stack.url}/login`])
        await check()
        await addressField(tab).fill('ada@looms.example')
        await press(button(tab, 'this address'))
        await tab.waitForURL(`${stack.url}/account`)
        expect(await tab.locator('.who').innerText()).toContain('Signed in with Looms as')
        await check()
        // Each provider is another account: to delete the data, the person signs in with the same one.
        await press(tab.getByRole('link', { name: 'Delete my data' }))
        const again = tab.getByRole('link', { name: 'Continue with Looms' })
        expect(new URL((await again.getAttribute('href')) ?? '', tab.url()).searchParams.get('provider')).toBe('okta')
        await check()
        expect(seen.filter((url) => /ada|looms\.example|nowhere/.test(url))).toEqual([])
      },
      { viewport: phone, javaScriptEnabled },
    ),
)

test('the buttons of the choice lead to their provider, and signing out names no other one', () =>
  withPerson(browser, async ({ tab }) => {
    await tab.goto(`${stack.url}/account`)
    await press(tab.getByRole('link', { name: 'Sign in', exact: true }))
    await press(tab.getByRole('link', { name: 'Continue with Microsoft' }))
    await tab.waitForURL(`${stack.url}/account`)
    expect(await tab.locator('.who').innerText()).toContain('Signed in with Microsoft as')
    await press(tab.getByRole('button', { name: 'Sign out' }))
    await tab.getByRole('heading', { name: 'You are signed out' }).waitFor()
    expect(await tab.locator('main').innerText()).toContain('your sign-in provider may still remember you')
    await expectGoodPage(tab)
  }))
