import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../../dev/browser/chromium.ts'
import { gallery } from '../../dev/pictures/gallery.ts'
import { barriers, loadAxe } from './axe.ts'
import { type PageServer, servePages } from './page-server.ts'
import { withPerson } from './person.ts'

const pages = gallery()
let browser: Browser
let server: PageServer
beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchBrowser(), servePages(pages, '/')])
})
afterAll(async () => {
  await Promise.all([browser?.close(), server?.stop()])
})

const sizes = [
  { width: 320, height: 568 },
  { width: 1280, height: 800 },
]

test.each(Object.keys(pages))('%s: axe finds nothing, on a phone and a desktop, light and dark', (name) =>
  withPerson(browser, async ({ tab }) => {
    await tab.goto(`${server.origin}/${name}`)
    await loadAxe(tab)
    for (const summary of await tab.locator('summary').all()) await summary.click()
    for (const size of sizes) {
      await tab.setViewportSize(size)
      for (const colorScheme of ['light', 'dark'] as const) {
        await tab.emulateMedia({ colorScheme })
        expect(await barriers(tab)).toEqual([])
      }
    }
  }),
)

test('axe finds a page that is not accessible', () =>
  withPerson(browser, async ({ tab }) => {
    await tab.goto(`${server.origin}/consent-claude`)
    await tab.evaluate(() => {
      document.documentElement.removeAttribute('lang')
      for (const term of document.querySelectorAll('dt')) term.style.color = '#999'
    })
    await loadAxe(tab)
    expect((await barriers(tab)).map((each) => each.split(':')[0])).toEqual(['color-contrast', 'html-has-lang'])
  }))
