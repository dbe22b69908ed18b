import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const USUAL_PLACES = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium']

/** A headless Chromium that stays off the network by itself; whoever starts it closes it. Throws when the machine has none. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

function findChromium(): string {
  const named = process.env.CHROMIUM_PATH
  const found = (named ? [named] : USUAL_PLACES).find((path) => existsSync(path))
  if (found) return found
  throw new Error(
    named
      ? `CHROMIUM_PATH names ${named}, which is not there`
      : 'No Chromium found. On Debian: apt-get install chromium-headless-shell; or set CHROMIUM_PATH',
  )
}
