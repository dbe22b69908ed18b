import type { Browser } from 'playwright-core'
import { launchBrowser } from '../../dev/browser/chromium.ts'
import { forTests } from '../../dev/worlds/for-tests.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { type Clients, startClients, trustedHost } from './clients.ts'

/** The whole system, a client of each kind, and a browser that reaches them all. */
interface World {
  readonly stack: Stack
  readonly clients: Clients
  readonly browser: Browser
}

/** Starts the world for the tests of a file, and stops it after them. */
export function worldForTests(): World {
  const world = forTests(startWorld, ({ stop }) => stop())
  return {
    get stack() {
      return world().stack
    },
    get clients() {
      return world().clients
    },
    get browser() {
      return world().browser
    },
  }
}

async function startWorld() {
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
