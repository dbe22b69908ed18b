import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Browser } from '../../dev/browser/jar.ts'
import { openConsentPage } from '../../dev/browser/person.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { signInToAccount } from '../support/account.ts'
import { callTool } from '../support/mcp.ts'
import { newAddress, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { form, send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

const email = newAddress()
const readToken = newSecret()
const { signal } = new AbortController()

let stack: Stack
let admin: Browser
beforeAll(async () => {
  stack = await startStack({ settings: { MCP_ADMINS: email, MCP_ADMIN_TOKEN: readToken } })
  admin = (await signInToAccount(stack.url, { email, query: 'return=/admin&fresh=true' })).browser
  const { accessToken } = await obtainTokens(await registerClient(stack.url, 'Known'))
  await callTool(stack.mcpUrl, 'whoami', {}, accessToken)
})
afterAll(() => stack?.stop())

const api = (path: string) =>
  send(`${stack.url}/admin/api${path}`, { headers: { authorization: `Bearer ${readToken}` } })

/** Texts that are no part of a key, of a path, or of a cursor. */
const texts = ['../../grants', '%2e%2e%2fx', 'é', '?#', '%00', '__proto__', '\u202ex', 'x'.repeat(700), '.', '']

describe('malformed input is refused, and never a fault of ours', () => {
  test('on the admin pages', async () => {
    for (const text of texts.map(encodeURIComponent)) {
      for (const path of [
        `/admin/companies/${text}`,
        `/admin/people/${text}`,
        `/admin/audit?person=${text}&action=${text}&cursor=${text}&days=${text}`,
        `/admin/people?cursor=${text}`,
        `/admin/companies?cursor=${text}&search=${text}&order=${text}`,
        `/admin?done=${text}&replayed=${text}`,
      ]) {
        const { status } = await admin.fetch(stack.url + path)
        expect([path, status < 500]).toEqual([path, true])
      }
    }
    const cookie = admin.cookies.header(new URL(stack.url), { method: 'GET', initiator: null }) ?? ''
    for (const path of ['/admin/people/%', '/admin/companies/%ff', '/admin//people', '/admin/people//end']) {
      expect([path, (await send(stack.url + path, { headers: { cookie } })).status]).toEqual([path, 404])
    }
  })

  test('in the admin API', async () => {
    for (const text of texts.map(encodeURIComponent)) {
      for (const path of [
        `/companies/${text}`,
        `/people/${text}`,
        `/people?company=${text}`,
        `/people?email=${text}&cursor=${text}`,
        `/audit?cursor=${text}`,
        `/audit/verify?expect=${text}`,
        `/trace/${text}`,
      ]) {
        const { status } = await api(path)
        expect([path, status < 500]).toEqual([path, true])
      }
    }
  })

  test('a reader of the audit log cannot keep an instance busy with thousands of years', async () => {
    for (const query of ['from=0001-01-01', 'from=0001-01-01&to=9999-12-31', 'to=9999-12-31', 'to=0001-01-01']) {
      expect([query, (await api(`/audit?${query}`)).status]).toEqual([query, 200])
    }
  })
})

describe('a stranger fills the store with nothing', () => {
  /** The usage of today. */
  async function events(): Promise<readonly string[]> {
    const names = await stack.storeNames()
    const keys: string[] = []
    for (const name of names.filter((one) => one.includes('-usage-'))) {
      const { keys: all } = await stack.store(name).list('', signal)
      keys.push(...all)
    }
    return keys
  }

  /** What is recorded after an answer comes in order: this is the last. */
  async function call(): Promise<void> {
    const before = await events()
    await callTool(stack.mcpUrl, 'auth_status', {})
    await vi.waitFor(async () => expect((await events()).length).toBeGreaterThan(before.length), 10_000)
  }

  test('that belongs to no sign-in: callbacks and codes that are made up', async () => {
    await call()
    for (let i = 0; i < 20; i++) {
      await send(`${stack.url}/mcp/callback?state=x&code=y`)
      await send(`${stack.url}/oauth/token`, form('grant_type=authorization_code&code=x&client_id=y'))
    }
    await call()
    expect((await events()).filter((key) => /\/step\.(?:callback|token)\/(?:refused|failed)/.test(key))).toEqual([])
  })

  test('that is sent again: one approval counts once', async () => {
    const approvals = async () => (await events()).filter((key) => key.includes('/step.approved/')).length
    const before = await approvals()
    const browser = createWatchedBrowser()
    const client = await registerClient(stack.url, 'Again')
    const consent = await openConsentPage(browser, client.authorizationRequest().url)
    for (let i = 0; i < 20; i++) expect((await consent.press('approve')).status).toBe(303)
    await call()
    expect(await approvals()).toBe(before + 1)
  })
})
