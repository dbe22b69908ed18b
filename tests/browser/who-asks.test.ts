import type { Page as Tab } from 'playwright-core'
import { expect, test } from 'vitest'
import { localAdminEmail } from '../../dev/start/local-env.ts'
import { callTool } from '../support/mcp.ts'
import { newAddress, type OAuthClient, registerClient } from '../support/oauth-client.ts'
import { withPerson } from './person.ts'
import { answerTo, approveButton, press } from './session.ts'
import { worldForTests } from './world.ts'

/** Milliseconds within which a call must be on the admin pages, and within which the end of a connection must hold. */
const promised = 60_000
const organization = 'Analytical Engines'
const tool = 'ask_redpanda_question'

const world = worldForTests()

/** Signs in at the OpenID Provider as a member of an organization. */
async function signInAs(tab: Tab, email: string): Promise<void> {
  await tab.getByLabel('Email address').fill(email)
  await tab.getByLabel('Organization').fill(organization)
  await tab.getByRole('button', { name: 'Sign in' }).click()
}

/** Connects the client in the browser of the person. Returns its tokens. */
async function connect(tab: Tab, client: OAuthClient, email: string) {
  // A program on this computer may listen at any port.
  const { loopback } = world.clients
  const listening = { redirect_uri: loopback.redirectUri }
  const request = client.authorizationRequest(listening)
  await tab.goto(request.url.href)
  await press(approveButton(tab))
  await signInAs(tab, email)
  const answer = await answerTo(loopback, tab)
  const { body } = await client.redeem(request, answer.get('code') ?? '', listening)
  return { accessToken: body.access_token ?? '', refreshToken: body.refresh_token ?? '' }
}

/** Opens the admin pages until the company has this many calls, and returns the rows of its clients and tools. */
async function useOf(tab: Tab, company: string, asked: number): Promise<readonly string[]> {
  const { stack } = world
  await tab.goto(`${stack.url}/admin`)
  await press(tab.getByRole('link', { name: /^Continue with/ }))
  await signInAs(tab, localAdminEmail)
  await tab.waitForURL(`${stack.url}/admin`)
  const link = tab.getByRole('table', { name: 'Companies' }).getByRole('link', { name: company })
  await expect
    .poll(
      async () => {
        await tab.goto(`${stack.url}/admin/companies`)
        return link.count()
      },
      { timeout: promised - (Date.now() - asked), interval: 500 },
    )
    .toBe(1)
  await press(link)
  await tab.getByRole('heading', { level: 1, name: company }).waitFor()
  const rows = tab.getByRole('table', { name: 'Clients and tools' }).getByRole('row')
  return (await rows.allInnerTexts()).slice(1).map((text) => text.split(/\s+/).join(' '))
}

test('within a minute, an admin sees who asked, through what and whether it failed; the person ends the connection, and its refresh is refused', async () => {
  const { browser, stack } = world
  const email = newAddress()
  const client = await registerClient(stack.url, 'Editor')
  await withPerson(browser, async ({ tab }) => {
    const { accessToken, refreshToken } = await connect(tab, client, email)
    await callTool(stack.mcpUrl, tool, { question: 'How does a refresh token stay usable?' }, accessToken)
    const asked = Date.now()

    await withPerson(browser, async ({ tab: adminTab }) => {
      expect(await useOf(adminTab, organization, asked)).toEqual([`Editor ${tool} 1 0%`])
      await adminTab.getByRole('link', { name: email }).waitFor()
    })
    expect(Date.now() - asked).toBeLessThan(promised)

    await tab.goto(`${stack.url}/account`)
    await press(tab.getByRole('link', { name: /^Continue with/ }))
    await tab.waitForURL(`${stack.url}/account`)
    expect(await tab.locator('.connections').innerText()).toMatch(/^Editor/)
    await press(tab.getByRole('button', { name: 'Disconnect Editor' }))
    await tab.getByRole('status').waitFor()
    const { status, body } = await client.refresh(refreshToken)
    expect([status, body.error]).toEqual([400, 'invalid_grant'])
  })
})
