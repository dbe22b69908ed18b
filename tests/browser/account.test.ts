import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Browser, Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../../dev/browser/chromium.ts'
import { newAddress, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { expectGoodPage } from './axe.ts'
import { listen } from './listen.ts'
import { withPerson } from './person.ts'
import { enterEmail, headline, press } from './session.ts'

/** The page of docs/docs-site-login.md, on another origin of the same site: browsers compare the host without its port. */
const page = readFileSync(new URL('../../docs/docs-site-login.md', import.meta.url), 'utf8')
const [, snippet = ''] = /```html\n(.*?)```/s.exec(page) ?? []

let browser: Browser
let stack: Stack
let docs: { readonly port: number; stop(): Promise<void> }
/** The address of the documentation page, at this host. */
const docsAt = (host: string) => `http://${host}:${docs.port}/`

beforeAll(async () => {
  docs = await listen(
    createServer((_request, response) => {
      const html = snippet.replace('https://account.example.com', stack.url)
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end(`<!doctype html><html lang="en"><title>Docs</title><link rel="icon" href="data:,"><body>${html}`)
    }),
  )
  ;[browser, stack] = await Promise.all([
    launchBrowser(),
    startStack({ settings: { MCP_SESSION_ORIGINS: `http://localhost:${docs.port}` } }),
  ])
})
afterAll(async () => {
  await Promise.all([browser?.close(), stack?.stop(), docs?.stop()])
})

const connect = async (name: string, email: string) => obtainTokens(await registerClient(stack.url, name), email)
const signIn = (tab: Tab) => tab.getByRole('link', { name: /^Continue with/ })
const button = (tab: Tab, name: string) => tab.getByRole('button', { name })

test.each([
  ['a desktop', { viewport: { width: 1280, height: 800 } }, true],
  [
    'a phone without scripts',
    { viewport: { width: 320, height: 568 }, hasTouch: true, javaScriptEnabled: false },
    false,
  ],
])('on %s: sign in, see what is connected, end one, end everything, sign out', (_, options, scripts) =>
  withPerson(
    browser,
    async ({ tab }) => {
      const email = newAddress()
      await connect('Editor', email)
      await connect('Terminal', email)
      const check = async () => {
        if (scripts) await expectGoodPage(tab)
      }
      await tab.goto(`${stack.url}/account`)
      await check()
      await press(signIn(tab))
      await enterEmail(tab, email)
      await tab.waitForURL(`${stack.url}/account`)
      expect(await headline(tab)).toBe('Your account')
      expect(await tab.locator('.connections li').count()).toBe(2)
      await check()

      await press(button(tab, 'Disconnect Terminal'))
      await tab.getByRole('status').waitFor()
      expect(await tab.locator('.connections').innerText()).toMatch(/^Editor/)
      await check()

      await tab.getByText('Disconnect everything').first().click()
      await press(button(tab, 'Disconnect everything'))
      await tab.getByRole('heading', { name: 'Everything is disconnected' }).waitFor()
      await check()
      expect((await tab.context().cookies(stack.url)).map(({ name }) => name)).not.toContain('session')
    },
    options,
  ),
)

test('with the keyboard alone: sign in, end one, and delete everything after signing in again', () =>
  withPerson(browser, async ({ tab }) => {
    const email = newAddress()
    await connect('Editor', email)
    /** Presses Tab until this has the focus, and then a key. */
    const reach = async (name: RegExp, key = 'Enter') => {
      for (let stops = 0; stops < 15; stops++) {
        await tab.keyboard.press('Tab')
        const focused = await tab.evaluate(() => {
          const element = document.activeElement
          const label = element instanceof HTMLInputElement ? element.labels?.[0] : element
          return element?.getAttribute('aria-label') ?? label?.textContent?.trim() ?? ''
        })
        if (name.test(focused)) return tab.keyboard.press(key)
      }
      throw new Error(`no stop for ${name}`)
    }
    await tab.goto(`${stack.url}/account`)
    await reach(/^Continue with/)
    await tab.getByLabel('Email address').fill(email)
    await tab.keyboard.press('Enter')
    await tab.waitForURL(`${stack.url}/account`)
    await reach(/^Disconnect Editor/)
    await tab.getByRole('status').waitFor()

    await reach(/^Delete my data/)
    await tab.getByRole('heading', { name: 'Sign in again' }).waitFor()
    await expectGoodPage(tab)
    await reach(/^Continue with/)
    // The provider remembers the person, and still asks.
    await tab.getByLabel('Email address').fill(email)
    await tab.keyboard.press('Enter')
    await tab.waitForURL(`${stack.url}/account/delete`)
    await expectGoodPage(tab)
    await reach(/^Delete everything about me/, 'Space')
    await reach(/^Delete my data/)
    await tab.getByRole('heading', { name: 'Your data is being deleted' }).waitFor()
    await expectGoodPage(tab)
  }))

test('a person downloads what is held on them', () =>
  withPerson(browser, async ({ tab }) => {
    const email = newAddress()
    await connect('Editor', email)
    await tab.goto(`${stack.url}/login?return=/account/download&fresh=true`)
    await enterEmail(tab, email)
    await tab.waitForURL(`${stack.url}/account/download`)
    await expectGoodPage(tab)
    const [file] = await Promise.all([tab.waitForEvent('download'), press(button(tab, 'Download (JSON)'))])
    expect(file.suggestedFilename()).toBe('my-data.json')
    expect(JSON.parse(readFileSync(await file.path(), 'utf8'))).toMatchObject({ sub: expect.stringMatching(/^u_/) })
  }))

test('the ten lines of docs/docs-site-login.md show the reader on a page of another origin [F-000-09]', () =>
  withPerson(browser, async ({ tab, context }) => {
    const email = newAddress()
    const [, script = ''] = /<script[^>]*>\n(.*?)\n<\/script>/s.exec(snippet) ?? []
    expect(script.split('\n')).toHaveLength(10)
    await tab.goto(docsAt('localhost'))
    const link = tab.getByRole('link')
    expect(await link.innerText()).toBe('Sign in')
    const account = await context.newPage()
    await account.goto((await link.getAttribute('href')) ?? '')
    await enterEmail(account, email)
    await account.waitForURL(`${stack.url}/account`)

    // Back at the documentation, the page has the focus again.
    await tab.bringToFront()
    await tab.evaluate(() => dispatchEvent(new Event('focus')))
    await tab.getByRole('link', { name: email }).waitFor()
    expect(await link.getAttribute('href')).toBe(`${stack.url}/account`)
  }))

test('a page of another site learns nothing', async () => {
  const context = await browser.newContext()
  try {
    const tab = await context.newPage()
    await tab.goto(`${stack.url}/login`)
    await enterEmail(tab, newAddress())
    await tab.waitForURL(`${stack.url}/account`)
    await tab.goto(docsAt('127.0.0.1'))
    const learned = await tab.evaluate(
      (url) =>
        Promise.allSettled([
          fetch(url, { credentials: 'include' }),
          fetch(url, { credentials: 'include', mode: 'no-cors' }),
        ]).then((outcomes) => outcomes.map(({ status }) => status)),
      `${stack.url}/session`,
    )
    expect(learned).toEqual(['rejected', 'rejected'])
    expect(await tab.getByRole('link').count()).toBe(0)
  } finally {
    await context.close()
  }
})
