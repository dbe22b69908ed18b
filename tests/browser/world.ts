import type { Browser } from 'playwright-core'
import { launchBrowser } from '../../dev/browser/chromium.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { type Clients, startClients, trustedHost } from './clients.ts'

/** The whole system, a client of each kind, and a browser that reaches them all. */
export interface World {
  readonly stack: Stack
  readonly clients: Clients
  readonly browser: Browser
  stop(): Promise<void>
}

export async function startWorld(): Promise<World> {
  const clients = await startClients()
  const [stack, browser] = await Promise.all([
    startStack({ settings: { MCP_OAUTH_TRUSTED_HOSTS: trustedHost } }),
    launchBrowser(clients.browserOptions),
  ])
  return {
    stack,
    clients,
    browser,
    async stop() {
      await browser.close()
      await Promise.all([stack.stop(), clients.stop()])
    },
  }
}
