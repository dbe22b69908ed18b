import { mkdir, writeFile } from 'node:fs/promises'
import type { Browser, BrowserContextOptions, Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../../dev/browser/chromium.ts'
import { gallery } from '../../dev/pictures/gallery.ts'
import { errorPage } from '../../lib/oauth/pages/error.ts'
import { defaultBrand } from '../../lib/pages/brand.ts'
import { contrast } from '../../lib/pages/color.ts'
import { colorsIn, textColors } from './measure.ts'
import { type PageServer, servePages } from './page-server.ts'
import { withPerson } from './person.ts'

const PHONE = { width: 375, height: 667 }
const pages = gallery()
let browser: Browser
let client: PageServer
let server: PageServer

beforeAll(async () => {
  browser = await launchBrowser()
  client = await servePages({ arrived: errorPage({ brand: defaultBrand, kind: 'expired', requestId: 'client' }) }, '/')
  server = await servePages(pages, `${client.origin}/arrived`)
})

afterAll(async () => {
  await browser?.close()
  await Promise.all([client?.stop(), server?.stop()])
})

const withTab = <T>(options: BrowserContextOptions, use: (tab: Tab) => Promise<T>) =>
  withPerson(browser, ({ tab }) => use(tab), options)

test('no page violates the content security policy, and each looks as it should under it [A-18]', () =>
  withTab({}, async (tab) => {
    for (const name of Object.keys(pages)) {
      await tab.goto(`${server.origin}/${name}`)
      expect(await tab.locator('main').evaluate((main) => getComputedStyle(main).borderRadius)).toBe('16px')
    }
  }))

test('a violation of the content security policy and a script error each fail a test', async () => {
  const violation = withTab({}, async (tab) => {
    await tab.goto(`${server.origin}/consent-claude`)
    await tab.evaluate(() => document.body.setAttribute('style', 'color: red'))
  })
  await expect(violation).rejects.toThrow('style-src')
  const mistake = withTab({}, async (tab) => {
    await tab.goto(`${server.origin}/consent-claude`)
    await tab.evaluate(() => setTimeout(() => Promise.reject(new Error('a mistake'))))
    await tab.waitForEvent('pageerror')
  })
  await expect(mistake).rejects.toThrow('a mistake')
})

test('no page scrolls sideways on a screen 320 pixels wide, and every button is at least 44 pixels high', () =>
  withTab({ viewport: { width: 320, height: 568 } }, async (tab) => {
    for (const name of Object.keys(pages)) {
      await tab.goto(`${server.origin}/${name}`)
      for (const summary of await tab.locator('summary').all()) await summary.click()
      expect([name, await tab.evaluate(() => document.documentElement.scrollWidth)]).toEqual([name, 320])
      for (const button of await tab.locator('button, .button').all()) {
        expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44)
      }
    }
  }))

test.each([
  'consent-claude',
  'consent-claude-code',
  'consent-registered-loopback',
  'consent-registered-web',
  'consent-registered-app',
])('%s: a phone shows the button to continue without scrolling', (name) =>
  withTab({ viewport: PHONE }, async (tab) => {
    await tab.goto(`${server.origin}/${name}`)
    const box = await tab.getByRole('button', { name: 'Continue with Redpanda Cloud' }).boundingBox()
    expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThanOrEqual(PHONE.height)
  }),
)

test('the Tab key goes through the consent page in reading order, with a visible focus', () =>
  withTab({}, async (tab) => {
    await tab.goto(`${server.origin}/consent-claude`)
    const reached: string[] = []
    for (let step = 0; step < 8; step++) {
      await tab.keyboard.press('Tab')
      const focused = tab.locator(':focus')
      const name = await focused.evaluate((element) => element.closest('label')?.textContent ?? element.textContent)
      reached.push((name ?? '').trim())
      expect(await focused.evaluate((element) => getComputedStyle(element).outlineWidth)).toBe('3px')
    }
    expect(reached).toEqual([
      'Document',
      'Full address',
      'Leave this out',
      'Continue with Redpanda Cloud',
      'Cancel',
      'Create an account',
      'What is connected as you',
      'Privacy policy',
    ])
  }))

test.each([
  ['Continue with Redpanda Cloud', 'approve'],
  ['Cancel', 'cancel'],
])('without JavaScript, %s posts the form from its own origin and the browser follows to another one', (name, action) =>
  withTab({ javaScriptEnabled: false }, async (tab) => {
    await tab.goto(`${server.origin}/consent-claude`)
    await tab.getByRole('button', { name }).press('Enter')
    await tab.waitForURL(`${client.origin}/arrived`)
    expect(server.posted.at(-1)).toEqual({ origin: server.origin, fields: { request: 'sealed', action } })
  }),
)

test('the box for admins is not ticked; the form says so only if the user ticks it [N8]', () =>
  withTab({ javaScriptEnabled: false }, async (tab) => {
    const approve = async () => {
      await tab.getByRole('button', { name: 'Continue with Redpanda Cloud' }).press('Enter')
      await tab.waitForURL(`${client.origin}/arrived`)
      return server.posted.at(-1)?.fields
    }
    const box = tab.getByRole('checkbox', { name: 'Allow this' })
    await tab.goto(`${server.origin}/consent-admin`)
    expect(await box.isChecked()).toBe(false)
    expect(await approve()).not.toHaveProperty('add')
    await tab.goto(`${server.origin}/consent-admin`)
    await box.press('Space')
    expect(await approve()).toMatchObject({ add: 'docs:admin', action: 'approve' })
  }))

test('a screen reader finds one heading of the first level, the landmarks, and that the name is not verified', () =>
  withTab({}, async (tab) => {
    for (const name of Object.keys(pages)) {
      await tab.goto(`${server.origin}/${name}`)
      for (const role of ['banner', 'main', 'contentinfo'] as const) expect(await tab.getByRole(role).count()).toBe(1)
      expect(await tab.getByRole('heading', { level: 1 }).count()).toBe(1)
      expect(await tab.title()).toMatch(/ · Redpanda documentation$/)
    }
    await tab.goto(`${server.origin}/consent-claude`)
    expect(await tab.locator('main').ariaSnapshot()).toContain('Claude not verified')
  }))

test.each(['light', 'dark'] as const)(
  '%s: every text has a contrast of at least 4.5 to 1, whatever the accent',
  (colorScheme) =>
    withTab({ colorScheme }, async (tab) => {
      const branded = ['#ffd400', '#00113a', '#ffffff', '#000000'].flatMap((accentColor) => {
        const { 'consent-claude': consent, 'confirm-app': back } = gallery({ ...defaultBrand, accentColor })
        return [consent, back]
      })
      for (const page of [...Object.values(pages), ...branded]) {
        await tab.setContent(page?.html ?? '')
        const texts = await textColors(tab)
        expect(texts.length).toBeGreaterThan(4)
        expect(texts.filter(({ color, background }) => contrast(color, background) < 4.5)).toEqual([])
      }
    }),
)

test.each(['consent-claude-code', 'error-expired', 'error-unknown-client'])(
  '%s: a picture of it is not blank',
  (name) =>
    withTab({ viewport: PHONE }, async (tab) => {
      await tab.goto(`${server.origin}/${name}`)
      const picture = await tab.screenshot({ fullPage: true })
      await mkdir('.local/pictures', { recursive: true })
      await writeFile(`.local/pictures/${name}.png`, picture)
      await tab.goto('about:blank')
      expect(await colorsIn(tab, picture)).toBeGreaterThan(50)
      expect(await colorsIn(tab, await tab.screenshot())).toBe(1)
    }),
)
