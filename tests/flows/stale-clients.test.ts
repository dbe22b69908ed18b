import { expect, onTestFinished, test } from 'vitest'
import { openConsentPage } from '../../dev/browser/person.ts'
import type { WorldOptions } from '../../dev/start/world.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { callMcp, type OAuthClient, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Opens the consent page with the registration of the test, which no store holds. */
async function expectKnown({ mcpUrl }: Stack, client: OAuthClient): Promise<void> {
  await openConsentPage(createWatchedBrowser(), client.authorizationRequest().url)
  const { accessToken } = await obtainTokens(client)
  expect((await callMcp(mcpUrl, accessToken)).status).toBe(200)
}

async function start(options: Omit<WorldOptions, 'artifact' | 'onOutput'>): Promise<Stack> {
  const stack = await startStack(options)
  onTestFinished(stack.stop)
  return stack
}

test('a client stays known after a new build and deploy, and users stay signed in [R-13]', async () => {
  const stack = await start({})
  const client = await registerClient(stack.url)
  const { accessToken, refreshToken } = await obtainTokens(client)
  await stack.rebuild(AbortSignal.timeout(60_000))
  await expectKnown(stack, client)
  expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(200)
  tokensOf(await client.refresh(refreshToken))
})

test.each(['MCP_OAUTH_PREVIOUS_SECRETS', 'MCP_OAUTH_RETIRED_SECRETS'])(
  'a client stays known after a change of the secret, if the old one is in %s [R-13]',
  async (list) => {
    const old = newSecret()
    const before = await start({ settings: { MCP_OAUTH_SECRET: old } })
    const client = await registerClient(before.url)
    await before.stop()
    const settings = { MCP_OAUTH_SECRET: newSecret(), [list]: old }
    await expectKnown(await start({ port: before.port, settings }), client)
  },
)

test('a client stays known when the service moves to an empty store; its users sign in once more [R-13 T-06]', async () => {
  const settings = { MCP_OAUTH_SECRET: newSecret() }
  const before = await start({ settings })
  const client = await registerClient(before.url)
  const { accessToken, refreshToken } = await obtainTokens(client)
  await before.stop()
  const after = await start({ port: before.port, settings })
  expect((await callMcp(after.mcpUrl, accessToken)).status).not.toBe(200)
  expect(await client.refresh(refreshToken)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  await expectKnown(after, client)
})

test('an unknown client gets an error that makes it register again, and its user learns what to do [R-13 T-06]', async () => {
  const elsewhere = await start({})
  const client = await registerClient(elsewhere.url)
  const stack = await start({})
  const { client_id } = Object.fromEntries(client.authorizationRequest().url.searchParams)
  const own = await registerClient(stack.url)
  const { url } = own.authorizationRequest({ client_id: client_id ?? '' })

  expect(await own.refresh('junk', { client_id: client_id ?? '' })).toMatchObject({
    status: 401,
    body: { error: 'invalid_client' },
  })
  const page = await send(url, { headers: { accept: 'text/html,application/xhtml+xml' } })
  expect([page.status, page.headers.get('location')]).toEqual([400, null])
  const text = await page.text()
  expect(text).toContain('We no longer recognize this app')
  expect(text).toContain('remove')
  // mcp-remote asks like this before it opens a browser, and registers again by itself.
  const asked = await send(url, { headers: { accept: 'application/json' } })
  expect([asked.status, asked.headers.get('content-type')]).toEqual([400, 'application/json'])
  expect(await asked.json()).toMatchObject({ error: 'invalid_client' })
})
