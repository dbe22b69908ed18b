import type { Browser, Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../../dev/browser/chromium.ts'
import { callTool } from '../support/mcp.ts'
import { newAddress, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { expectGoodPage } from './axe.ts'
import { withPerson } from './person.ts'
import { enterEmail, headline, press } from './session.ts'

const admin = newAddress()
const machines = JSON.stringify([
  {
    name: 'docs-ci',
    issuer: 'https://token.actions.githubusercontent.com',
    claims: { repository: 'acme/docs', repository_owner_id: '65', ref: 'refs/heads/main' },
  },
])
const tenants = JSON.stringify([
  { name: 'acme', title: 'Acme', issuer: 'https://acme.okta.example', domains: ['acme.example'] },
])
let browser: Browser
let stack: Stack
beforeAll(async () => {
  ;[browser, stack] = await Promise.all([
    launchBrowser(),
    startStack({ settings: { MCP_ADMINS: admin, MCP_MACHINES: machines, MCP_TENANTS: tenants } }),
  ])
})
afterAll(async () => {
  await Promise.all([browser?.close(), stack?.stop()])
})

/** A person who has connected a client and called a tool. */
async function asker(): Promise<string> {
  const email = newAddress()
  const tokens = await obtainTokens(await registerClient(stack.url, 'Editor'), email)
  await callTool(stack.mcpUrl, 'whoami', {}, tokens.accessToken)
  return email
}

const link = (tab: Tab, name: string) => tab.getByRole('link', { name, exact: true })
const button = (tab: Tab, name: string) => tab.getByRole('button', { name, exact: true })
const search = (tab: Tab) => tab.getByRole('search').getByRole('textbox')

/** An admin signs in at the OpenID Provider, and comes back to the page. */
async function enter(tab: Tab): Promise<void> {
  await tab.goto(`${stack.url}/admin`)
  await press(tab.getByRole('link', { name: /^Continue with/ }))
  await enterEmail(tab, admin)
  await tab.waitForURL(`${stack.url}/admin`)
  expect(await headline(tab)).toBe('Overview')
}

/** Searches until the person is known: names are written after the answers of the sign-in. */
async function find(tab: Tab, email: string): Promise<void> {
  for (let tries = 0; tries < 50 && !tab.url().includes('/admin/people/u_'); tries++) {
    await search(tab).fill(email)
    await press(button(tab, 'Search'))
    await tab.waitForLoadState()
  }
  expect(await headline(tab)).toBe(email)
}

test.each([
  ['a desktop', { viewport: { width: 1280, height: 800 } }, true],
  ['a phone', { viewport: { width: 320, height: 568 }, hasTouch: true }, true],
  ['a phone without scripts', { viewport: { width: 320, height: 568 }, javaScriptEnabled: false }, false],
])('on %s: an admin signs in, opens every page, finds a person, and ends their connections', (_, options, scripts) =>
  withPerson(
    browser,
    async ({ tab }) => {
      const email = await asker()
      await enter(tab)
      const check = async () => {
        if (scripts) await expectGoodPage(tab)
      }
      for (const name of [
        'Overview',
        'Companies',
        'People',
        'Clients',
        'Tools',
        'Sign-ins',
        'Trace',
        'Webhooks',
        'Audit',
      ]) {
        await press(tab.getByRole('navigation', { name: 'Admin pages' }).getByRole('link', { name, exact: true }))
        await tab.locator('a[aria-current=page]', { hasText: name }).waitFor()
        await check()
      }
      await find(tab, email)
      await check()
      await press(link(tab, 'End all connections'))
      // The sign-in was a moment ago, so no other is asked for, unless the provider did not say when it was.
      if ((await headline(tab)) === 'Sign in again') {
        await press(tab.getByRole('link', { name: /^Continue with/ }))
        await enterEmail(tab, admin)
        await tab.waitForURL(/\/end$/)
      }
      expect(await headline(tab)).toBe(`End all connections of ${email}?`)
      await check()
      await press(button(tab, 'End all connections'))
      await tab.getByRole('status').waitFor()
      expect(await tab.getByRole('status').innerText()).toBe('Every connection of this person has ended.')
    },
    options,
  ),
)

test.each([
  ['a desktop', { viewport: { width: 1280, height: 800 } }],
  ['a phone', { viewport: { width: 320, height: 568 }, hasTouch: true }],
])('on %s: an admin finds the machines and companies of the settings, and ends a machine', (_, options) =>
  withPerson(
    browser,
    async ({ tab }) => {
      await enter(tab)
      await press(tab.getByRole('navigation', { name: 'Admin pages' }).getByRole('link', { name: 'Clients' }))
      await press(link(tab, 'Machines and companies'))
      expect(await headline(tab)).toBe('Machines and companies')
      expect(await tab.getByRole('table', { name: 'Machines' }).innerText()).toContain('docs-ci')
      expect(await tab.getByRole('table', { name: 'Companies' }).innerText()).toContain('Acme')
      await expectGoodPage(tab)
      await press(link(tab, 'End the tokens of docs-ci'))
      if ((await headline(tab)) === 'Sign in again') {
        await press(tab.getByRole('link', { name: /^Continue with/ }))
        await enterEmail(tab, admin)
        await tab.waitForURL(/\/end$/)
      }
      expect(await headline(tab)).toBe('End all tokens of the machine docs-ci?')
      await expectGoodPage(tab)
      await press(button(tab, 'End all tokens'))
      await tab.getByRole('status').waitFor()
      expect(await tab.getByRole('status').innerText()).toContain('Every token that this machine had has ended')
      await expectGoodPage(tab)
    },
    options,
  ),
)

test('by keyboard: the first stop skips the links, and the search, the ranges and the numbers of a plot are within reach', () =>
  withPerson(browser, async ({ tab }) => {
    await enter(tab)
    await tab.keyboard.press('Tab')
    expect(await tab.locator(':focus').innerText()).toBe('Skip to the content')
    const reached: string[] = []
    for (let stop = 0; stop < 30; stop++) {
      await tab.keyboard.press('Tab')
      const focused = tab.locator(':focus')
      expect(await focused.evaluate((element) => getComputedStyle(element).outlineWidth)).toBe('3px')
      reached.push(await focused.evaluate((element) => element.getAttribute('aria-label') ?? element.textContent ?? ''))
      if (reached.at(-1)?.startsWith('The numbers')) break
    }
    expect(reached.slice(0, 3)).toEqual(['Overview', 'Companies', 'People'])
    expect(reached).toEqual(expect.arrayContaining([expect.stringMatching(/^Search: /), 'Search', 'Today', '90 days']))
    expect(reached.at(-1)).toBe('The numbers of Calls of tools')
    await tab.keyboard.press('Enter')
    await tab.getByRole('table', { name: 'Calls of tools, by day' }).waitFor()
  }))
