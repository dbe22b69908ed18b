import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import type { Browser, Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../../dev/browser/chromium.ts'
import { base, buildSite } from '../../dev/site/build.ts'
import { serveFolder } from '../../dev/site/serve.ts'
import { temporaryFolder } from '../../dev/temporary-folder.ts'
import { loadAxe } from './axe.ts'

/** The documentation site, made anew. The first run installs what makes it. */

let browser: Browser
const folder = temporaryFolder()
const directory = folder.path
let server: Awaited<ReturnType<typeof serveFolder>>

beforeAll(async () => {
  await buildSite(directory, () => {})
  server = await serveFolder(directory, 0)
  browser = await launchBrowser()
}, 300_000)
afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await folder.remove()
})

/** A tab at a page of the site, and what its console complains about. */
async function open(path: string, options: Parameters<Browser['newPage']>[0] = {}) {
  const tab = await browser.newPage(options)
  const complaints: string[] = []
  tab.on('console', (message) => complaints.push(message.text()))
  tab.on('pageerror', (error) => complaints.push(String(error)))
  await tab.goto(server.origin + base + path)
  return { tab, complaints }
}

async function htmlFiles(): Promise<Map<string, string>> {
  const root = join(directory, base)
  const names = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('index.html'))
  return new Map(
    await Promise.all(names.map(async (name) => [`${base}${name}`, await readFile(join(root, name), 'utf8')] as const)),
  )
}

test('every link of every page leads to a page, a heading or a file of the site', async () => {
  const pages = await htmlFiles()
  const files = new Set((await readdir(join(directory, base), { recursive: true })).map((name) => base + name))
  const dead = [...pages].flatMap(([from, html]) =>
    [...html.matchAll(/ (?:href|src|srcset)="([^"]+)"/g)].flatMap(([, link = '']) => {
      const { origin, pathname, hash } = new URL(link, `https://site.example${from}`)
      if (origin !== 'https://site.example') return []
      const file = pathname.endsWith('/') ? `${pathname}index.html` : pathname
      const id = decodeURIComponent(hash.slice(1))
      const there = files.has(file) && (id === '' || pages.get(file)?.includes(` id="${id}"`))
      return there ? [] : [`${from}: ${link}`]
    }),
  )
  expect(pages.size).toBeGreaterThan(90)
  expect(dead).toEqual([])
})

test('the search finds a setting, and leads to its page', async () => {
  const { tab, complaints } = await open('')
  await tab.keyboard.press('/')
  await tab.keyboard.type('MCP_OAUTH_REFRESH_GRACE')
  const first = tab.locator('.pagefind-ui__result-link').first()
  await first.waitFor()
  const titles = await tab.locator('.pagefind-ui__result-link').allTextContents()
  expect(titles.join('\n')).toContain('Configuration')
  await first.click()
  await tab.waitForURL(/highlight|docs\/./)
  expect(complaints).toEqual([])
  await tab.close()
})

test('drawings and pictures of pages are shown, in light and in dark', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { tab, complaints } = await open('how-it-works/', { colorScheme })
    const drawing = tab.locator('.drawing img').first()
    await drawing.scrollIntoViewIfNeeded()
    const shown = await drawing.evaluate(async (image: HTMLImageElement) => {
      await image.decode()
      return { source: image.currentSrc, width: image.naturalWidth }
    })
    expect(shown.source).toContain(`-${colorScheme}.svg`)
    expect(shown.width).toBeGreaterThan(300)
    await tab.goto(`${server.origin}${base}pages/`)
    const consent = tab.frameLocator('iframe[src$="/consent-claude.html"]')
    await tab.locator('iframe[src$="/consent-claude.html"]').scrollIntoViewIfNeeded()
    expect(await consent.locator('h1').textContent()).toContain('Connect')
    expect(await consent.locator('main').evaluate((main) => getComputedStyle(main).borderRadius)).not.toBe('0px')
    expect(complaints).toEqual([])
    await tab.close()
  }
})

test.each(['', 'configuration/', 'how-it-works/', 'clients/'])(
  'axe finds no barrier on %s, on a desktop and on a phone',
  async (path) => {
    for (const viewport of [
      { width: 1280, height: 800 },
      { width: 375, height: 667 },
    ]) {
      const { tab } = await open(path, { viewport })
      await tab.locator('#search input').waitFor()
      await expectNoBarrier(tab)
      expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
      await tab.close()
    }
  },
)

test('without JavaScript every page is there, and says that the search is not', async () => {
  const { tab } = await open('deploy/', { javaScriptEnabled: false })
  expect(await tab.locator('h1').textContent()).toContain('Deploying')
  expect(await tab.locator('noscript').textContent()).toContain('needs JavaScript')
  await tab.close()
})

async function expectNoBarrier(tab: Tab): Promise<void> {
  await loadAxe(tab)
  for (const colorScheme of ['light', 'dark'] as const) {
    await tab.emulateMedia({ colorScheme })
    const { violations }: Pick<AxeResults, 'violations'> = await tab.evaluate(
      'axe.run({ rules: { "target-size": { enabled: true } } })',
    )
    expect(
      violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
      colorScheme,
    ).toEqual([])
  }
}
