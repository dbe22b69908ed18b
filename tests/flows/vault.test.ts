import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openConsentPage, redirectOf } from '../../dev/browser/person.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { deploySameIssuer } from '../support/deploy.ts'
import { type OAuthClient, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** The vault through the artifact: what is kept of the provider's tokens, and for how long (N12). */

const { signal } = new AbortController()
let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack({ settings: { MCP_VAULT_KEYS: newSecret(), MCP_VAULT_SCOPES: 'read:pages' } })
  client = await registerClient(stack.url)
})
afterAll(() => stack?.stop())

async function records(prefix = 'vault/') {
  const store = stack.store('mcp-oauth-broker')
  const { keys } = await store.list(prefix, signal)
  return Promise.all(keys.map(async (key) => ({ key, value: (await store.get(key, signal))?.value })))
}

test('MCP_VAULT_KEYS, MCP_VAULT_SCOPES: the provider is asked for a refresh token, which is kept sealed until the client signs out [N12]', async () => {
  const page = await openConsentPage(createWatchedBrowser(), client.authorizationRequest().url)
  const there = await redirectOf(await page.press('approve'), 'the approval')
  expect(there.searchParams.get('scope')).toBe('openid profile email offline_access read:pages')

  const { refreshToken } = await obtainTokens(client)
  const [record, ...others] = await records()
  expect(others).toEqual([])
  expect(record?.key).toMatch(/^vault\/\d{6}\/u_[\w-]{43}\/[\w-]{22}$/)
  expect(record?.value).toEqual({ sealed: expect.stringMatching(/^[\w-]+(?:\.[\w-]+){3}$/), generation: 0 })
  const next = tokensOf(await client.refresh(refreshToken))
  expect(await records()).toEqual([record])

  expect((await client.revoke(next.refreshToken)).status).toBe(200)
  await vi.waitFor(
    async () => {
      await fetch(`${stack.url}/.netlify/functions/maintenance`, { method: 'POST' })
      expect(await records()).toEqual([])
    },
    { timeout: 20_000, interval: 500 },
  )
})

test('MCP_VAULT_KEYS with a wrong key takes the sign-in out of service, and the log names the setting [O-10]', async () => {
  const { url, lines } = await deploySameIssuer(stack, { MCP_VAULT_KEYS: `${newSecret()},short` })
  expect((await fetch(`${url}/oauth/token`, { method: 'POST' })).status).toBe(503)
  expect((await fetch(`${url}/.well-known/oauth-authorization-server`)).status).toBe(200)
  await vi.waitFor(() => expect(lines.join('\n')).toContain('MCP_VAULT_KEYS'), { timeout: 10_000 })
})
