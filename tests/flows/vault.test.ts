import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { openConsentPage, redirectOf } from '../../dev/browser/person.ts'
import { startVendor } from '../../dev/oidc/vendors/server.ts'
import { boardMember, serviceAccountToken } from '../../dev/private-pages/server.ts'
import { listenOnLoopback, sendJson } from '../../dev/stand-in.ts'
import { freePorts, localUrl } from '../../dev/start/ports.ts'
import { createDpopKey } from '../../dev/worlds/dpop.ts'
import { createWatchedBrowser, keepSecret } from '../../dev/worlds/secrets.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { deploySameIssuer } from '../support/deploy.ts'
import { answerIn, callTool, failureIn, sendMcp } from '../support/mcp.ts'
import {
  codeOf,
  locationOf,
  newAddress,
  type OAuthClient,
  obtainCode,
  obtainTokens,
  registerClient,
  tokensOf,
  userAtCallback,
} from '../support/oauth-client.ts'
import { type Stack, startStack, testOnBlobs } from '../support/stack.ts'
import { operationsOnThePath } from '../support/store-path.ts'

/** The vault through the artifact: what is kept of the provider's tokens, and for how long (N12). */

const { signal } = new AbortController()
let stack: Stack
let client: OAuthClient
const audience = 'https://pages.example/'

const machineSecret = 'the secret of the machine in the test of the vault'

beforeAll(async () => {
  keepSecret(machineSecret)
  stack = await startStack({
    settings: {
      MCP_VAULT_KEYS: newSecret(),
      MCP_VAULT_SCOPES: 'read:pages',
      MCP_VAULT_AUDIENCE: audience,
      MCP_OAUTH_CLIENTS: JSON.stringify([{ client_id: 'robot', grant_types: ['client_credentials'], client_secret_sha256: createHash('sha256').update(machineSecret).digest('hex') }]), // biome-ignore format: one line
      MCP_MACHINES: JSON.stringify([{ name: 'robot', client: 'robot' }]),
    },
  })
  client = await registerClient(stack.url)
})
afterAll(() => stack?.stop())

async function records(prefix = 'vault/') {
  const store = stack.store('mcp-oauth-broker')
  const { keys } = await store.list(prefix, signal)
  return Promise.all(keys.map(async (key) => ({ key, value: (await store.get(key, signal))?.value })))
}

test('MCP_VAULT_KEYS, MCP_VAULT_SCOPES, MCP_VAULT_AUDIENCE: the provider is asked for a refresh token, which is kept sealed until the client signs out [N12]', async () => {
  const page = await openConsentPage(createWatchedBrowser(), client.authorizationRequest().url)
  const there = await redirectOf(await page.press('approve'), 'the approval')
  expect(there.searchParams.get('scope')).toBe('openid profile email offline_access read:pages')
  expect(there.searchParams.get('audience')).toBe(audience)

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

/** A person with a connection that may search private pages. */
async function connected(email = newAddress()) {
  const tokens = await obtainTokens(client, email, { scope: 'docs:read docs:private' })
  const search = (
    query: string,
    { space, at = stack.url, name = 'search_private_pages' }: { space?: string; at?: string; name?: string } = {}, // biome-ignore format: one line
  ) => callTool(`${at}/mcp`, name, { query, ...(space !== undefined && { space }) }, tokens.accessToken)
  return { ...tokens, email, search }
}

const pages = () => {
  if (!stack.privatePages) throw new Error('the world has no private pages')
  return stack.privatePages
}

describe('MCP_PRIVATE_PAGES_URL: a tool acts as the user', () => {
  test('who finds what their own account may read, and gets what to do for the rest [N12 F-004-07]', async () => {
    const [ada, eve, admin] = await Promise.all([connected(), connected(), connected(boardMember)])
    const titles = async (one: typeof ada, query: string) =>
      (answerIn(await one.search(query)) as { pages: { title: string }[]; account: string }).pages.map(({ title }) => title) // biome-ignore format: one line
    expect(await titles(ada, 'read plans')).toEqual([`Notes of ${ada.email}`])
    expect(await titles(eve, 'read plans')).toEqual([`Notes of ${eve.email}`])
    expect(await titles(admin, 'read plans')).toEqual(['Plans for the next year', `Notes of ${boardMember}`])
    expect(answerIn(await ada.search('incident', { space: 'handbook' }))).toMatchObject({ account: 'user' })
    expect(failureIn(await ada.search('plans', { space: 'board' }))).toEqual({
      error: 'forbidden',
      message: expect.stringContaining('ask the owner of the pages for access'),
    })
    // The pages see the token of the provider, and never one of this server.
    expect(pages().calls().map(({ as }) => as)).toContain(ada.email) // biome-ignore format: one line
    const renewals = stack.logs.filter((line) => line.includes('"vault_asked"'))
    expect(renewals).toEqual([])
  })

  test('only with a scope of its own, which the consent page names and the user may leave out [N12 S-05]', async () => {
    const without = await obtainTokens(client)
    const refused = await callTool(stack.mcpUrl, 'search_private_pages', { query: 'x' }, without.accessToken)
    expect([refused.status, refused.challenge]).toEqual([403, expect.stringMatching(/scope="docs:read docs:private"/)])
    const metadata = await (await fetch(`${stack.url}/.well-known/oauth-authorization-server`)).json()
    expect(metadata.scopes_supported).toContain('docs:private')

    const consentPage = async (scope: string) => {
      const headers = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
      return (await fetch(client.authorizationRequest({ scope }).url, { headers })).text()
    }
    const page = await consentPage('docs:read docs:private')
    expect(page).toContain('Search private pages as you: it finds what your own account may read, and nothing else')
    expect(page).toContain('name="leave_out" value="docs:private"')
    expect(await consentPage('docs:read')).not.toContain('rivate')
  })

  test('a token that the pages do not accept is renewed once, by one request for ten calls', async () => {
    const ada = await connected()
    expect(answerIn(await ada.search('read'))).toMatchObject({ account: 'user' })
    pages().refuseKnownTokens()
    const before = stack.logs.length
    const found = await Promise.all(Array.from({ length: 10 }, () => ada.search('read')))
    expect(found.map((one) => (answerIn(one) as { account: string }).account)).toEqual(Array(10).fill('user'))
    const asked = () => stack.logs.slice(before).filter((line) => line.includes('"vault_asked"'))
    await vi.waitFor(() => expect(asked()).toHaveLength(1))
    expect(asked()[0]).toContain('"outcome":"renewed"')
  })

  test('pages that misbehave end in a failure with words, and never send the token on', async () => {
    const ada = await connected()
    const queries: string[] = []
    const after = async (fault: NonNullable<typeof stack.privatePages>['faults']['search']) => {
      pages().faults.search = fault
      const failed = failureIn(await ada.search('read'))
      queries.push(...pages().calls().map(({ query }) => query)) // biome-ignore format: one line
      pages().reset()
      return failed
    }
    expect(await after({ kind: 'status', status: 429, retryAfter: 7 })).toMatchObject({ error: 'upstream_error', retry_after: 7 }) // biome-ignore format: one line
    for (const body of [
      '<html>',
      '[]',
      '{"pages":7}',
      '{"pages":[{"title":1}]}',
      '{"pages":[{"title":"a","excerpt":"b","url":"javascript:alert(1)"}]}',
    ]) {
      // biome-ignore format: one line
      expect(await after({ kind: 'answer', body })).toMatchObject({ error: 'upstream_error', detail: 'not a list of pages' }) // biome-ignore format: one line
    }
    const elsewhere = `${pages().url}?query=stolen`
    expect(await after({ kind: 'status', status: 302, location: elsewhere })).toMatchObject({ detail: 'HTTP 302' })
    expect(queries).not.toContain('stolen')
    expect(await after({ kind: 'close' })).toMatchObject({ error: 'upstream_error' })
    expect(await after({ kind: 'status', status: 401 })).toMatchObject({ error: 'token_not_accepted' })
  })

  test('a person who was removed at the provider gets a refusal, and the connection ends [N12]', async () => {
    const [ada, eve] = await Promise.all([connected(), connected()])
    expect((answerIn(await ada.search('read')) as { pages: unknown[] }).pages).toHaveLength(1)
    stack.provider.removePerson(ada.email)
    expect(failureIn(await ada.search('read'))).toMatchObject({ error: 'account_refused', message: expect.stringContaining('sign in to this server again') }) // biome-ignore format: one line
    expect((await client.refresh(ada.refreshToken)).body.error).toBe('invalid_grant')
    expect(answerIn(await eve.search('read'))).toMatchObject({ account: 'user' })
    const again = await connected(ada.email)
    expect(answerIn(await again.search('read'))).toMatchObject({ account: 'user' })
  })

  test('a provider that does not answer is told apart from one that refuses, and ends nothing', async () => {
    const ada = await connected()
    pages().faults.search = { kind: 'status', status: 401, times: 1 }
    stack.provider.faults.token = { kind: 'page', status: 503 }
    expect(failureIn(await ada.search('read'))).toMatchObject({ error: 'provider_unavailable', retry_after: 60 })
    delete stack.provider.faults.token
    expect(answerIn(await ada.search('read'))).toMatchObject({ account: 'user' })
    tokensOf(await client.refresh(ada.refreshToken))
  })

  test('MCP_PRIVATE_PAGES_TOOL_NAME, MCP_PRIVATE_PAGES_SERVICE_TOKEN: the service account steps in for a user without a token, and says so [N12 F-004-07 F-004-17]', async () => {
    const [ada, gone] = await Promise.all([connected(), connected()])
    const { url: at, lines } = await deploySameIssuer(stack, {
      MCP_PRIVATE_PAGES_TOOL_NAME: 'find_pages',
      MCP_PRIVATE_PAGES_SERVICE_TOKEN: serviceAccountToken,
    })
    const search = (one: typeof ada) => one.search('incident read', { at, name: 'find_pages' })
    expect(answerIn(await search(ada))).toMatchObject({ account: 'user' })
    for (const { key } of await records()) await stack.store('mcp-oauth-broker').remove(key, signal)
    expect(answerIn(await search(ada))).toMatchObject({
      pages: [{ title: 'How we answer incidents' }],
      ...{ account: 'service', note: expect.stringContaining('own account is not connected') },
    })
    await vi.waitFor(() => expect(lines.join('\n')).toContain('"upstream_service_account"'))
    // Elsewhere there is no such setting.
    expect(failureIn(await ada.search('read'))).toMatchObject({ error: 'not_connected' })
    // A connection that has ended gets no account at all, even where its token still passes.
    expect((await client.revoke(gone.refreshToken)).status).toBe(200)
    const ended = await search(gone)
    if (ended.status !== 401) expect(failureIn(ended)).toMatchObject({ error: 'account_refused' })
  })

  test('only where the role of the person allows it [N8 N12]', async () => {
    const { accessToken } = await connected()
    const roles = { roles: [{ name: 'limited', domains: ['example.com'] }], default: 'user' }
    const { url } = await deploySameIssuer(stack, { MCP_ROLES: JSON.stringify(roles) })
    const names = async (at: string) => JSON.stringify((await sendMcp(`${at}/mcp`, 'tools/list', {}, accessToken)).body)
    expect([await names(stack.url), await names(url)].map((text) => text.includes('search_private_pages'))).toEqual([true, false]) // biome-ignore format: one line
    const refused = await callTool(`${url}/mcp`, 'search_private_pages', { query: 'read' }, accessToken)
    expect(JSON.stringify(refused.body)).toContain('not found')
  })

  test('neither a machine nor a caller without a token reaches it, even where there is a service account [N12]', async () => {
    const settings = { MCP_PRIVATE_PAGES_SERVICE_TOKEN: serviceAccountToken, MCP_REQUIRE_AUTH: 'false' }
    const { url } = await deploySameIssuer(stack, settings)
    const form = { grant_type: 'client_credentials', client_id: 'robot', client_secret: machineSecret }
    const ask = (scope: string) => fetch(`${stack.url}/oauth/token`, { method: 'POST', body: new URLSearchParams({ ...form, scope }) }) // biome-ignore format: one line
    expect((await ask('docs:private')).status).toBe(400)
    const { access_token: token, scope } = await (await ask('docs:read docs:private')).json()
    keepSecret(token)
    expect(scope).toBe('docs:read')
    pages().reset()
    for (const at of [stack.url, url]) {
      const call = (shown?: string) => callTool(`${at}/mcp`, 'search_private_pages', { query: 'incident' }, shown)
      expect([(await call(token)).status, (await call()).status]).toEqual([403, 401])
    }
    expect(pages().calls()).toEqual([])
  })

  test('a connection that has just ended gets nothing on another instance, which still accepts its access token [N2 N12]', async () => {
    const ada = await connected()
    const { url } = await deploySameIssuer(stack, {})
    for (const at of [url, stack.url]) expect(answerIn(await ada.search('read', { at }))).toMatchObject({ account: 'user' }) // biome-ignore format: one line
    expect((await client.revoke(ada.refreshToken)).status).toBe(200)
    pages().reset()
    expect(failureIn(await ada.search('read', { at: url }))).toMatchObject({ error: 'account_refused' })
    expect(pages().calls()).toEqual([])
  })

  test('is off without the setting, and then no client is offered the scope', async () => {
    const { accessToken } = await connected()
    const { url } = await deploySameIssuer(stack, { MCP_PRIVATE_PAGES_URL: 'off' }) // biome-ignore format: one line
    const { body } = await sendMcp(`${url}/mcp`, 'tools/list', {}, accessToken)
    expect(JSON.stringify(body)).not.toContain('private')
    const metadata = await (await fetch(`${url}/.well-known/oauth-authorization-server`)).json()
    expect(metadata.scopes_supported).toEqual(['docs:read', 'docs:feedback', 'offline_access'])
  })
})

testOnBlobs(
  'a callback with the vault waits for one trip more, a refresh for none, and the tool for one [N12]',
  async () => {
    const operationsOf = async (work: () => Promise<unknown>) => {
      const before = stack.emulator.operations().at(-1)?.sequence ?? 0
      await work()
      return operationsOnThePath(stack, before).map(({ method, key }) => `${method} ${key.split('/')[0]}`)
    }
    const user = await userAtCallback(client, { changes: { scope: 'docs:read docs:private' } })
    let answer: Response | undefined
    const callback = await operationsOf(async () => {
      answer = await user.load()
    })
    // Both are written at once.
    expect(callback.toSorted()).toEqual(['PUT vault', 'PUT vault-due'])
    if (!answer) throw new Error('no answer')
    const { accessToken, refreshToken } = await user.redeem(answer)
    const search = () => callTool(stack.mcpUrl, 'search_private_pages', { query: 'read' }, accessToken)
    await search()
    // The tool reads both at once. Whether the grant is live was known from the call before.
    expect((await operationsOf(search)).filter((operation) => !/ (?:limits|usage)/.test(operation)).toSorted()).toEqual(['GET grants', 'GET vault']) // biome-ignore format: one line
    expect(await operationsOf(() => client.refresh(refreshToken))).toEqual(['PUT grants'])
  },
)

test('a browser that signs in to the account pages is given no token to keep, and asks for none [N12]', async () => {
  const headers = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const answer = await fetch(`${stack.url}/login?return=/account`, { headers, redirect: 'manual' })
  const there = new URL(answer.headers.get('location') ?? '')
  expect([there.origin, there.searchParams.get('scope')]).toEqual([stack.provider.issuer, 'openid profile email'])
})

test('a connection that is bound to a key acts with a proof of it, and not without one [N11 N12]', async () => {
  const key = await createDpopKey()
  const { request, code } = await obtainCode(client, newAddress(), { scope: 'docs:read docs:private' })
  const form = { grant_type: 'authorization_code', client_id: client.clientId, redirect_uri: client.redirectUri, code, code_verifier: request.codeVerifier } // biome-ignore format: one line
  const url = `${stack.url}/oauth/token`
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(form), headers: { dpop: await key.proof({ url }) } }) // biome-ignore format: one line
  const { access_token: accessToken, refresh_token: refreshToken } = await answer.json()
  keepSecret(accessToken, refreshToken)
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'search_private_pages', arguments: { query: 'read' } } }) // biome-ignore format: one line
  const call = (headers: Record<string, string>) =>
    fetch(stack.mcpUrl, { method: 'POST', body, headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers } }) // biome-ignore format: one line
  expect((await call({ authorization: `Bearer ${accessToken}` })).status).toBe(401)
  const proof = await key.proof({ url: stack.mcpUrl, accessToken, body })
  const found = await call({ authorization: `DPoP ${accessToken}`, dpop: proof })
  expect([found.status, await found.text()]).toEqual([200, expect.stringContaining('Notes of')])
})

test('with MCP_PROVIDERS, the tool acts with a token of the provider at which the person signed in [N10 N12]', async () => {
  const port = await freePorts()
  const secret = newSecret()
  const vendor = await startVendor('keycloak', { clientSecret: secret, redirectUris: [`${localUrl(port)}/mcp/callback/keycloak`] }) // biome-ignore format: one line
  const tokens: string[] = []
  const site = await listenOnLoopback(0, ({ headers: { authorization = '' } }, response) => {
    // The first token is not accepted, so that the provider is asked for another one.
    if (!tokens.includes(authorization)) tokens.push(authorization)
    sendJson(response, tokens.indexOf(authorization) === 0 ? 401 : 200, { pages: [] })
  })
  const list = [{ name: 'keycloak', preset: 'keycloak', issuer: vendor.issuer, client_id: vendor.clientId, client_secret_variable: 'MCP_PROVIDER_SECRET_ONE' }] // biome-ignore format: one line
  const settings = { MCP_VAULT_KEYS: newSecret(), MCP_PROVIDERS: JSON.stringify(list), MCP_PROVIDER_SECRET_ONE: secret, MCP_PRIVATE_PAGES_URL: `${localUrl(site.port)}/` } // biome-ignore format: one line
  const own = await startStack({ port, settings })
  onTestFinished(async () => {
    await own.stop()
    await Promise.all([vendor.stop(), site.stop()])
  })
  const other = await registerClient(own.url)
  const request = other.authorizationRequest({ scope: 'docs:read docs:private' })
  const browser = createWatchedBrowser()
  const page = await openConsentPage(browser, request.url)
  const there = await redirectOf(await page.press('approve:keycloak'), 'the approval')
  const back = await fetch(there, { redirect: 'manual' })
  const code = codeOf(locationOf(await browser.fetch(back.headers.get('location') ?? '')))
  const { accessToken } = tokensOf(await other.redeem(request, code))
  expect(answerIn(await callTool(own.mcpUrl, 'search_private_pages', { query: 'x' }, accessToken))).toEqual({ pages: [], account: 'user' }) // biome-ignore format: one line
  expect(vendor.tokenRequests.map((form) => form.get('grant_type'))).toEqual(['authorization_code', 'refresh_token'])
  expect(tokens).toHaveLength(2)
})
