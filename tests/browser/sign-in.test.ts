import type { BrowserContextOptions, Page as Tab } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { withPerson } from './person.ts'
import {
  answerTo,
  approveButton,
  cancelButton,
  confirmButton,
  enterEmail,
  headline,
  press,
  returnLink,
  startSession,
} from './session.ts'
import { worldForTests } from './world.ts'

const world = worldForTests()

const kinds = [
  ['a website that the operator trusts', 'trusted'],
  ['a website that the operator does not trust', 'web'],
  ['a program on this computer', 'loopback'],
  ['an app with a scheme of its own', 'app'],
] as const

const browsers: [string, BrowserContextOptions][] = [
  ['with JavaScript', {}],
  ['without JavaScript', { javaScriptEnabled: false }],
  ['dark, and 320 pixels wide', { colorScheme: 'dark', viewport: { width: 320, height: 568 } }],
]

async function expectNoSidewaysScroll(tab: Tab): Promise<void> {
  const [content, screen] = await tab.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth])
  expect(content).toBe(screen)
}

describe.each(browsers)('in Chromium, %s', (_, options) => {
  test.each(kinds)('a user signs in, from the consent page to %s [A-20 A-17]', async (_, kind) => {
    const { stack, clients, browser } = world
    const session = await startSession(stack.url, clients[kind])
    const signIn = async (tab: Tab) => {
      await tab.goto(session.url)
      expect(await headline(tab)).toBe(`Connect ${clients[kind].place} to Redpanda documentation`)
      await expectNoSidewaysScroll(tab)
      await press(approveButton(tab))
      await enterEmail(tab)
      if (kind === 'web') {
        expect(await tab.getByRole('definition').first().innerText()).toContain('ada@example.com')
        await expectNoSidewaysScroll(tab)
        await press(confirmButton(tab))
      }
      const answer = await answerTo(clients[kind], tab)
      expect([answer.get('state'), answer.get('iss')]).toEqual([session.state, stack.url])
      expect(await session.redeem(answer)).toBe(200)
    }
    await withPerson(browser, ({ tab }) => signIn(tab), options)
  })
})

describe('canceled on the consent page', () => {
  test.each(kinds)(
    '%s gets access_denied; the browser goes to an untrusted host only by a click of the user',
    async (_, kind) => {
      const { stack, clients, browser } = world
      const session = await startSession(stack.url, clients[kind])
      await withPerson(browser, async ({ tab }) => {
        await tab.goto(session.url)
        await press(cancelButton(tab))
        await expectDenied(tab, kind, session)
      })
    },
  )
})

describe('canceled after the consent page', () => {
  test.each(kinds)('at the OpenID Provider: %s gets access_denied', async (_, kind) => {
    const { stack, clients, browser } = world
    const session = await startSession(stack.url, clients[kind])
    await withPerson(browser, async ({ tab }) => {
      await tab.goto(session.url)
      await press(approveButton(tab))
      await press(cancelButton(tab))
      await expectDenied(tab, kind, session)
    })
  })

  test('on the page that names the user: no code, and the provider’s answer no longer works', async () => {
    const { stack, clients, browser } = world
    const session = await startSession(stack.url, clients.web)
    await withPerson(browser, async ({ tab }) => {
      await tab.goto(session.url)
      await press(approveButton(tab))
      await enterEmail(tab)
      await tab.waitForURL(`${stack.url}/mcp/callback?**`)
      const callback = tab.url()
      await press(cancelButton(tab))
      await expectDenied(tab, 'web', session)
      expect((await tab.goto(callback))?.status()).toBe(403)
    })
  })
})

/** Checks the page before the redirect, if there is one, and the answer that the client gets. */
async function expectDenied(
  tab: Tab,
  kind: (typeof kinds)[number][1],
  { state }: { readonly state: string },
): Promise<void> {
  const client = world.clients[kind]
  if (kind === 'web' || kind === 'app') {
    await returnLink(tab).waitFor()
    expect(await headline(tab)).toBe('You canceled the sign-in')
    expect(client.answersTo(state)).toEqual([])
  }
  if (kind === 'web') await returnLink(tab).click()
  const answer = await answerTo(client, tab)
  const told = ['error', 'state', 'iss', 'code'].map((name) => answer.get(name))
  expect(told).toEqual(['access_denied', state, world.stack.url, null])
}

test('an unknown client gets a page that tells the user what to do, and no redirect [R-13]', async () => {
  const { stack, clients, browser } = world
  const { url } = await startSession(stack.url, clients.loopback, { client_id: 'forgotten' })
  await withPerson(browser, async ({ tab }) => {
    expect((await tab.goto(url))?.status()).toBe(400)
    expect(await tab.getByRole('main').textContent()).toContain('remove this connector and add it again')
    expect(await tab.getByRole('link').count()).toBe(1)
  })
})

test('the second sign-in in a browser takes one click: the provider remembers [F-11]', async () => {
  const { stack, clients, browser } = world
  await withPerson(browser, async ({ tab }) => {
    for (const round of [1, 2]) {
      const session = await startSession(stack.url, clients.loopback)
      await tab.goto(session.url)
      await press(approveButton(tab))
      if (round === 1) await enterEmail(tab)
      expect((await answerTo(clients.loopback, tab)).get('code')).toBeTruthy()
    }
  })
})
