import { mkdir } from 'node:fs/promises'
import { launchBrowser } from '../../tests/browser/chromium.ts'
import { gallery } from './gallery.ts'

/** `npm run pictures`: every page, as a phone and a desktop show it, light and dark, for a person to look at. */
const directory = '.local/pictures'
const sizes = { phone: { width: 375, height: 667 }, desktop: { width: 1280, height: 800 } }

await mkdir(directory, { recursive: true })
const browser = await launchBrowser()
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
console.log(`The pictures are in ${directory}`)
