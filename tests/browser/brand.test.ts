import { createServer } from 'node:http'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../../dev/browser/chromium.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { barriers, loadAxe } from './axe.ts'
import { type Listening, listen } from './listen.ts'
import { withPerson } from './person.ts'
import { enterEmail, headline, press, startSession } from './session.ts'

/** A docs team that has chosen its own logo, colors and texts. */

const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="28"><rect width="120" height="28" fill="#888"/></svg>'
const title = 'Let an app on this computer read Redpanda documentation'

let images: Listening
let client: Listening
let stack: Stack
let browser: Browser
/** What the browser sent with its requests for the logo. */
const referrers: (string | undefined)[] = []

beforeAll(async () => {
  images = await listen(
    createServer(({ headers }, response) => {
      referrers.push(headers.referer)
      response.writeHead(200, { 'content-type': 'image/svg+xml' }).end(logo)
    }),
  )
  client = await listen(createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>Back')))
  const settings = {
    MCP_LOGO_URL: `http://localhost:${images.port}/logo.svg`,
    MCP_BACKGROUND: '#0b3d91',
    MCP_CONSENT_TITLE: 'Let {app} read {product}',
    MCP_CONSENT_MESSAGE: 'Sign in with the account that you use for support.',
    MCP_APPROVE_BUTTON: 'Sign in and connect',
    MCP_CANCEL_BUTTON: 'Not now',
    MCP_ERROR_MESSAGE: 'If you need help, write to docs-help.',
  }
  ;[stack, browser] = await Promise.all([startStack({ settings }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
  await Promise.all([images?.stop(), client?.stop()])
})

const newSession = () => startSession(stack.url, { redirectUri: `http://127.0.0.1:${client.port}/callback` })

test('a user reads the texts, sees the logo, and signs in [F-004-21]', async () => {
  const session = await newSession()
  await withPerson(browser, async ({ tab }) => {
    await tab.goto(session.url)
    expect(await headline(tab)).toBe(title)
    expect(await tab.getByText('Sign in with the account that you use for support.').isVisible()).toBe(true)
    const width = await tab.locator('img.logo').evaluate((image) => (image as HTMLImageElement).naturalWidth)
    expect(width).toBe(120)
    expect(await tab.getByRole('button').allInnerTexts()).toEqual(['Sign in and connect', 'Not now'])
    await press(tab.getByRole('button', { name: 'Sign in and connect' }))
    await enterEmail(tab)
    await tab.waitForURL(/\/callback\?/)
    expect(await session.redeem(new URL(tab.url()).searchParams)).toBe(200)
  })
  // The address of the page has the parameters of the request.
  expect(new Set(referrers)).toEqual(new Set([undefined]))
})

test('on a phone and a desktop, light and dark: axe finds nothing on the consent page and on an error page', async () => {
  const { url } = await newSession()
  await withPerson(browser, async ({ tab }) => {
    for (const address of [url, `${stack.url}/oauth/authorize`]) {
      await tab.goto(address)
      await loadAxe(tab)
      for (const size of [
        { width: 320, height: 568 },
        { width: 1280, height: 800 },
      ]) {
        await tab.setViewportSize(size)
        for (const colorScheme of ['light', 'dark'] as const) {
          await tab.emulateMedia({ colorScheme })
          expect(await barriers(tab)).toEqual([])
        }
      }
    }
    expect(await tab.getByText('If you need help, write to docs-help.').isVisible()).toBe(true)
  })
})
