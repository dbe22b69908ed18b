import type { Page as Tab } from 'playwright-core'
import { expect, test } from 'vitest'
import { enterOn, noMouse } from './keys.ts'
import { focusOf } from './measure.ts'
import { withPerson } from './person.ts'
import { answerTo, startSession } from './session.ts'
import { worldForTests } from './world.ts'

const world = worldForTests()

/** The stops of the tab key on our pages, in reading order. Enter is pressed on the last one. */
const toApprove = ['Full address', 'Continue with Redpanda Cloud']
const toConfirm = ['Full address', 'Continue']
const toCancel = [...toApprove, 'Cancel']
const toOpen = ['Open the app for cursor:// links']

/** Types the email address into the provider's form, which has the focus from the start. */
async function typeEmail(tab: Tab): Promise<void> {
  await tab.getByLabel('Email address').waitFor()
  expect((await focusOf(tab)).name).toBe('Email address')
  await tab.keyboard.type('ada@example.com')
  await tab.keyboard.press('Enter')
}

test.each([
  ['light', { colorScheme: 'light' }],
  ['dark, on a phone', { colorScheme: 'dark', viewport: { width: 320, height: 568 } }],
] as const)('%s: a whole sign-in with nothing but the keyboard, to a website and to an app', (_, options) =>
  withPerson(
    world.browser,
    async ({ tab, context }) => {
      await context.addInitScript(noMouse)
      const { web, app } = world.clients
      const first = await startSession(world.stack.url, web)
      await tab.goto(first.url)
      await enterOn(tab, toApprove)
      await typeEmail(tab)
      await tab.waitForURL(`${world.stack.url}/mcp/callback?**`)
      await enterOn(tab, toConfirm)
      expect(await first.redeem(await answerTo(web, tab))).toBe(200)

      // The provider remembers the user now.
      const second = await startSession(world.stack.url, app)
      await tab.goto(second.url)
      // The page shows the full address at once, and so has no stop for it.
      await enterOn(tab, toApprove.slice(1))
      await tab.waitForURL(`${world.stack.url}/mcp/callback?**`)
      expect(await second.redeem(await answerTo(app, tab, () => enterOn(tab, toOpen)))).toBe(200)
    },
    options,
  ),
)

test('Cancel with the keyboard', () =>
  withPerson(world.browser, async ({ tab, context }) => {
    await context.addInitScript(noMouse)
    const { loopback } = world.clients
    await tab.goto((await startSession(world.stack.url, loopback)).url)
    await enterOn(tab, toCancel)
    expect((await answerTo(loopback, tab)).get('error')).toBe('access_denied')
  }))

test('the full address opens and closes with the keyboard', () =>
  withPerson(world.browser, async ({ tab, context }) => {
    await context.addInitScript(noMouse)
    const { web } = world.clients
    await tab.goto((await startSession(world.stack.url, web)).url)
    const address = tab.getByText(web.redirectUri)
    expect(await address.isVisible()).toBe(false)
    await enterOn(tab, ['Full address'])
    await address.waitFor({ state: 'visible' })
    await tab.keyboard.press('Enter')
    await address.waitFor({ state: 'hidden' })
  }))
