import { createHash, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const USUAL_PLACES = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium']

export interface BrowserOptions {
  /** Host names, each with its port on this machine. The browser reaches no other name. */
  readonly hosts?: Readonly<Record<string, number>>
  /** PEM of a certificate authority that the browser trusts. Servers send it with their own certificate. */
  readonly authority?: string
}

/** Starts a headless Chromium that reaches this machine only. The caller closes it. @throws Error if there is no Chromium */
export function launchBrowser({ hosts = {}, authority }: BrowserOptions = {}): Promise<Browser> {
  const elsewhere = Object.entries(hosts).map(([host, port]) => `MAP ${host} 127.0.0.1:${port}`)
  const rules = [...elsewhere, 'MAP * ~NOTFOUND', 'EXCLUDE localhost', 'EXCLUDE 127.0.0.1']
  return chromium.launch({
    executablePath: findChromium(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=${rules.join(',')}`,
      ...(authority === undefined ? [] : [`--ignore-certificate-errors-spki-list=${keyHash(authority)}`]),
    ],
  })
}

function keyHash(certificate: string): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(key).digest('base64')
}

function findChromium(): string {
  const named = process.env.CHROMIUM_PATH
  const found = (named ? [named] : USUAL_PLACES).find((path) => existsSync(path))
  if (found) return found
  throw new Error(
    named
      ? `CHROMIUM_PATH names ${named}, which does not exist`
      : 'No Chromium found. On Debian: apt-get install chromium-headless-shell; or set CHROMIUM_PATH',
  )
}
