import type { Browser, Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../../dev/browser/chromium.ts'
import { type HarnessSite, startHarnessSite } from './harness-site.ts'
import { withPerson } from './person.ts'
import { approveButton, cancelButton, confirmButton, headline, press, startSession } from './session.ts'

let site: HarnessSite
let browser: Browser
beforeAll(async () => {
  site = await startHarnessSite()
  browser = await launchBrowser(site.browserOptions)
})
afterAll(async () => {
  await browser?.close()
  await site?.stop()
})

const web = { redirectUri: 'https://helper.example/oauth/callback' }
const providerLink = (tab: Tab) => tab.getByRole('link', { name: 'Sign in' })

const expired = 'This sign-in has expired'

/** A page of the sign-in, the minutes that it stays open, the button that is pressed then, and the result. */
test.each([
  ['the consent page, approved', 10, approveButton, expired],
  ['the consent page, canceled', 10, cancelButton, expired],
  ['the page of the OpenID Provider', 10, providerLink, expired],
  ['the confirmation page, confirmed', 5, confirmButton, expired],
  ['the confirmation page, canceled', 5, cancelButton, expired],
] as const)(
  '%s after %d minutes: a page that tells the user what to do, and no answer to the client',
  (page, minutes, at, title) =>
    withPerson(browser, async ({ tab, context }) => {
      const asked: string[] = []
      context.on('request', (request) => asked.push(request.url()))
      await tab.goto((await startSession(site.harness.issuer, web)).url)
      if (!page.startsWith('the consent')) await press(approveButton(tab))
      if (page.startsWith('the confirmation')) await providerLink(tab).click()
      await at(tab).waitFor()

      site.harness.clock += minutes * 60_000
      await press(at(tab))
      await tab.getByRole('heading', { name: 'What to do' }).waitFor()
      expect(await headline(tab)).toBe(title)
      expect(await tab.getByRole('main').innerText()).toMatch(/go back to your app and connect again/i)
      expect(asked.filter((url) => url.startsWith(web.redirectUri))).toEqual([])
    }),
)

test('an expired consent page works again after a reload', () =>
  withPerson(browser, async ({ tab }) => {
    await tab.goto((await startSession(site.harness.issuer, web)).url)
    site.harness.clock += 10 * 60_000
    await tab.reload()
    await press(approveButton(tab))
    await providerLink(tab).click()
    expect(await headline(tab)).toBe('Continue to helper.example?')
  }))
