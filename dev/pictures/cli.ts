import { mkdir, rm } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { launchBrowser } from '../browser/chromium.ts'
import { Explained } from '../explained.ts'
import { readOptions } from '../options.ts'
import { gallery } from './gallery.ts'

/** `npm run pictures` saves a picture of every page, as phones and desktops show it, light and dark, for people to look at. */
const directory = '.local/pictures'
const sizes = { phone: { width: 375, height: 667 }, desktop: { width: 1280, height: 800 } }

readOptions(
  'npm run pictures\n\nSaves a picture of every page in .local/pictures/. Uses the Chromium in CHROMIUM_PATH, or the one that Debian installs.',
  {},
)
await rm(directory, { recursive: true, force: true })
await mkdir(directory, { recursive: true })
const browser = await launch()
try {
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const tab = await browser.newPage({ viewport, colorScheme })
      for (const [name, page] of Object.entries(gallery())) {
        await tab.setContent(page.html)
        await tab.screenshot({ path: `${directory}/${name}-${size}-${colorScheme}.png`, fullPage: true })
      }
      await tab.close()
    }
  }
} finally {
  await browser.close()
}
console.log(`The pictures are in ${directory}/.`)

/** Starts the browser. @throws Explained if there is none, or it does not start */
async function launch(): Promise<Browser> {
  try {
    return await launchBrowser()
  } catch (error) {
    throw new Explained(error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'Chromium does not start')
  }
}
