import type { Page } from 'playwright-core'
import { launchBrowser } from '../../../dev/browser/chromium.ts'
import { startProcess } from '../../../dev/processes.ts'
import type { ToolArguments } from '../../clients/tool-answer.ts'
import { freePort } from '../free-port.ts'
import type { RealClientKind, Surroundings } from '../real-client.ts'
import { keptRefreshToken, noSignOut, storeInFile } from './inspector-store.ts'

const longest = 300_000
/** Milliseconds that the page may take for a step. */
const patience = 20_000

/** The Inspector's web page in Chromium, driven by its buttons. Its backend sends the OAuth requests. */
export async function inspectorUiKind(packages: Surroundings['packages']): Promise<RealClientKind> {
  const name = '@modelcontextprotocol/inspector'
  return {
    name: `MCP Inspector UI ${await packages.version(name)}`,
    without: {
      'sign-out': noSignOut,
      'parallel refresh': 'a page has one connection, and sends one request at a time',
    },
    async start({ world, packages, person }) {
      const launcher = packages.path(name, 'clients/launcher/build/index.js')
      const backend = startProcess(
        process.execPath,
        [launcher, '--web', '--server-url', world.mcpUrl, '--transport', 'http'],
        {
          cwd: person.home,
          env: {
            ...person.environment,
            MCP_AUTO_OPEN_ENABLED: 'false',
            ...storeInFile,
            CLIENT_PORT: String(await freePort()),
            MCP_SANDBOX_PORT: String(await freePort()),
            MCP_APP_ORIGIN_PORT: String(await freePort()),
          },
          longest,
        },
      )
      const [address] = await backend.line(/http:\S+MCP_INSPECTOR_API_TOKEN=\S+/)
      const chromium = await launchBrowser()
      const page = await chromium.newPage({ viewport: { width: 1400, height: 900 } })
      page.setDefaultTimeout(patience)
      page.on('framenavigated', (frame) => {
        const url = new URL(frame.url())
        if (frame === page.mainFrame() && url.pathname === '/oauth/authorize') person.wasSentTo(url)
      })
      await page.goto(address)

      return {
        async signIn() {
          await page.getByLabel(/^Connect or disconnect/).click({ force: true })
          await signInByHand(page, person.email)
        },
        async use(tool, args) {
          await execute(page, tool, args)
          const results = page.getByText('Results', { exact: true })
          const consent = page.getByRole('button', { name: /^continue/i })
          const more = page.getByRole('button', { name: 'Authorize', exact: true })
          await results.or(consent).or(more).first().waitFor()
          if (await results.isHidden()) {
            // The page redirects the user, after a click if it asks for more scopes, and starts again afterwards.
            if (await more.isVisible()) await more.click()
            await signInByHand(page, person.email)
            await execute(page, tool, args)
            await results.waitFor()
          }
          return [await page.locator('body').innerText()]
        },
        refreshToken: () => keptRefreshToken(person.home),
        output: () => backend.output(),
        async close() {
          await chromium.close()
          await backend.stop()
        },
      }
    },
  }
}

/** Presses the button. It does not wait for the result. */
async function execute(page: Page, tool: string, args: ToolArguments): Promise<void> {
  await page
    .locator('label')
    .filter({ hasText: /^Tools$/ })
    .click()
  const results = page.getByText('Results', { exact: true })
  if (await results.isVisible()) await results.locator('..').getByRole('button').first().click()
  await page.getByRole('button', { name: tool }).click()
  for (const [name, value] of Object.entries(args)) {
    await page
      .getByLabel(new RegExp(`^${name}`))
      .first()
      .fill(typeof value === 'string' ? value : JSON.stringify(value))
  }
  await page.getByRole('button', { name: /execute/i }).click()
}

/** Completes our consent page and the OpenID Provider's form with mouse and keyboard. */
async function signInByHand(page: Page, email: string): Promise<void> {
  await page.getByRole('button', { name: /^continue/i }).click()
  const field = page.getByLabel(/e-?mail/i)
  await field.or(page.getByLabel('Disconnect from server')).first().waitFor()
  if (await field.isVisible()) {
    await field.fill(email)
    await page.locator('[name=action][value=sign-in], [type=submit]').first().click()
  }
  await page.getByLabel('Disconnect from server').waitFor()
}
