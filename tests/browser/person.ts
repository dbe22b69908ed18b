import type { Browser, BrowserContext, BrowserContextOptions, Page as Tab } from 'playwright-core'
import { expect } from 'vitest'
import { keepSecret } from '../../dev/worlds/secrets.ts'

export interface Person {
  readonly tab: Tab
  /** The browser context: other tabs, cookies, the network. */
  readonly context: BrowserContext
  /** The URLs to which the browser posted forms, in order. */
  readonly posted: readonly string[]
}

/**
 * A user with a browser of their own. Every complaint of a page fails the test: a violation of its content security
 * policy, an error of a script or in the console, something that could not be loaded.
 */
export async function withPerson<T>(
  browser: Browser,
  use: (person: Person) => Promise<T>,
  options: BrowserContextOptions = {},
): Promise<T> {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(PATIENCE)
  const posted: string[] = []
  try {
    const complaints = await watch(context)
    context.on('request', (request) => {
      keepSecret(URL.parse(request.url())?.searchParams.get('code'))
      if (request.method() === 'POST') posted.push(request.url())
    })
    const result = await use({ tab: await context.newPage(), context, posted })
    expect(complaints, complaints.join('\n')).toEqual([])
    return result
  } finally {
    for (const { value } of await context.cookies()) keepSecret(value)
    await context.close()
  }
}

/** Milliseconds after which an element counts as missing. */
const PATIENCE = 30_000

/** An error page has an error status, which writes a line to the console. So does a page of ours that another site embeds. */
const errorStatus =
  /^Failed to load resource: (?:the server responded with a status of [45]\d\d|net::ERR_BLOCKED_BY_RESPONSE)/

async function watch(context: BrowserContext): Promise<readonly string[]> {
  const complaints: string[] = []
  await context.exposeFunction('complain', (complaint: string) => complaints.push(complaint))
  await context.addInitScript(`document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    complain(\`\${location.pathname}: \${violatedDirective} blocks \${blockedURI}\`))`)
  context.on('weberror', (error) => complaints.push(String(error.error())))
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !errorStatus.test(message.text())) {
      complaints.push(message.text())
    }
  })
  return complaints
}
