import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { openConsentPage } from '../../dev/browser/person.ts'
import { startCrmSink } from '../../dev/crm/server.ts'
import { startKapa } from '../../dev/kapa/server.ts'
import { listenOnLoopback, pathOf, sendJson } from '../../dev/stand-in.ts'
import { kapaApiKey } from '../../dev/start/local-env.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { type Deploy, deploy } from '../support/deploy.ts'
import { callMcp, locationOf, obtainCodeByMock, registerClient, tokensOf } from '../support/oauth-client.ts'
import { createPinnedKey } from '../support/pinned-key.ts'
import { startPublisher } from '../support/publisher.ts'
import { json, send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Settings that need a separate deploy: secrets, the issuer, and the services that the broker calls. */

/** Milliseconds for work after an answer. A test waits that long only if it fails. */
const patience = 60_000

let stack: Stack

beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

/** A session of the mock's made-up user. */
async function mockSession(url: string) {
  const client = await registerClient(url)
  const { request, code } = await obtainCodeByMock(client)
  return { client, ...tokensOf(await client.redeem(request, code)) }
}

describe('Kapa', () => {
  const ask = async (mcpUrl: string, token: string) => {
    const call = { name: 'ask_redpanda_question', arguments: { question: 'What is a grant?' } }
    return (await callMcp(mcpUrl, token, 'tools/call', call)).text()
  }

  test('KAPA_MCP_SERVER_URL is the server that gets the questions', async () => {
    const kapa = await startKapa({ port: 0, apiKey: kapaApiKey, documents: [] })
    onTestFinished(kapa.stop)
    const { url } = await deploy(stack, { KAPA_MCP_SERVER_URL: kapa.url })
    await ask(`${url}/mcp`, (await mockSession(url)).accessToken)
    expect([stack.kapa.calls().length, kapa.calls().length]).toEqual([0, 1])
  })

  test('KAPA_API_KEY authenticates at Kapa; with a wrong key Kapa does not answer, and the user learns that', async () => {
    const { url, lines } = await deploy(stack, { KAPA_API_KEY: 'the-key-of-another-project' })
    expect(await ask(`${url}/mcp`, (await mockSession(url)).accessToken)).toContain('"isError":true')
    expect(stack.kapa.calls()).toEqual([])
    await vi.waitFor(() => expect(lines.join('\n')).toMatch(/"kapa_failed".*HTTP 401/), patience)
  })
})

test('CRM_WEBHOOK_URL is notified of a new user; of the mock’s user only with MCP_NOTIFY_WITH_MOCK, and as a preview', async () => {
  const crm = await startCrmSink({ port: 0 })
  onTestFinished(crm.stop)
  const settings = { CRM_WEBHOOK_URL: crm.url }
  const told = async (deployed: Deploy) => {
    const { sub } = decodeJwt((await mockSession(deployed.url)).accessToken)
    await vi.waitFor(() => expect(deployed.lines.join('\n')).toContain('"mcp_user_captured"'), patience)
    return { email: 'reader@example.com', sub }
  }
  await told(await deploy(stack, settings))
  // The made-up user of another issuer is another user.
  const telling = await deploy(stack, { ...settings, MCP_NOTIFY_WITH_MOCK: 'true' })
  const person = await told(telling)
  const body = { ...person, source: 'mcp-preview', preview: telling.url }
  await vi.waitFor(() => expect(crm.received()).toMatchObject([{ body }]), patience)
})

describe('clients', () => {
  test('MCP_OAUTH_CIMD_LOCAL_ORIGINS: documents on this machine are fetched from these origins only', async () => {
    const publisher = await startPublisher()
    onTestFinished(publisher.stop)
    const { MCP_OAUTH_CIMD_LOCAL_ORIGINS = '', ...certificate } = publisher.settings
    const ask = async (settings: Readonly<Record<string, string>>) => {
      const client = await registerClient((await deploy(stack, { ...certificate, ...settings })).url)
      return (await send(client.authorizationRequest({ client_id: publisher.newClientId() }).url)).status
    }
    expect([await ask({}), publisher.fetched()]).toEqual([400, 0])
    expect([await ask({ MCP_OAUTH_CIMD_LOCAL_ORIGINS }), publisher.fetched()]).toEqual([200, 1])
  })

  test('MCP_OAUTH_LIMIT_EXEMPT: requests from these addresses are not limited', async () => {
    // The longest window, so that a new one hardly ever begins between the two.
    const limit = { MCP_OAUTH_REGISTER_LIMIT: '1', MCP_OAUTH_REGISTER_WINDOW_SEC: '86400' }
    const registerTwice = async (exempt: string) => {
      const { url } = await deploy(stack, { ...limit, MCP_OAUTH_LIMIT_EXEMPT: exempt })
      const metadata = json(JSON.stringify({ redirect_uris: ['http://127.0.0.1:7777/callback'] }))
      await send(`${url}/oauth/register`, metadata)
      return (await send(`${url}/oauth/register`, metadata)).status
    }
    expect(await registerTwice('10.0.0.0/8')).toBe(429)
    expect(await registerTwice('10.0.0.0/8,127.0.0.0/8,::1/128')).toBe(201)
  })
})

test('MCP_OAUTH_ISSUER is in metadata and challenges, and is the one host that answers', async () => {
  const [issuer, host] = ['https://handbook.example.com', 'handbook.example.com']
  const { url } = await deploy(stack, { MCP_OAUTH_ISSUER: issuer })
  const metadata = `${url}/.well-known/oauth-authorization-server`
  expect(await (await send(metadata, { headers: { host } })).json()).toMatchObject({
    issuer,
    token_endpoint: `${issuer}/oauth/token`,
  })
  const challenge = await send(`${url}/mcp`, { method: 'POST', headers: { host } })
  expect(challenge.headers.get('www-authenticate')).toContain(`"${issuer}/.well-known/`)
  expect((await send(metadata)).status).toBe(404)
})

describe('the OpenID Provider', () => {
  /** Returns the address to which the user is sent after the consent. */
  async function afterApproval(url: string, browser = createWatchedBrowser()): Promise<URL> {
    const client = await registerClient(url)
    const consent = await openConsentPage(browser, client.authorizationRequest().url)
    return locationOf(await consent.press('approve'))
  }

  test('UPSTREAM_ISSUER and UPSTREAM_CLIENT_ID: users sign in there, and this service is that client; the older names REDPANDA_OAUTH_ISSUER and REDPANDA_OAUTH_CLIENT_ID work where they are alone', async () => {
    const { issuer } = stack.provider
    const older = { REDPANDA_OAUTH_ISSUER: issuer, REDPANDA_OAUTH_CLIENT_ID: 'older' }
    const elsewhere = { REDPANDA_OAUTH_ISSUER: 'https://login.example.com/', REDPANDA_OAUTH_CLIENT_ID: 'older' }
    for (const [settings, clientId] of [
      [{ ...elsewhere, UPSTREAM_ISSUER: issuer, UPSTREAM_CLIENT_ID: 'newer' }, 'newer'],
      [older, 'older'],
    ] as const) {
      const { origin, searchParams } = await afterApproval((await deploy(stack, settings)).url)
      expect([origin, searchParams.get('client_id')]).toEqual([issuer, clientId])
    }
  })

  test('UPSTREAM_CLIENT_SECRET authenticates this service at the provider', async () => {
    const secret = 'what only the provider and we know'
    const asked: (string | undefined)[] = []
    const provider = await listenOnLoopback(0, async (request, response) => {
      const issuer = `http://localhost:${provider.port}`
      const endpoints = { authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token` }
      if (pathOf(request) !== '/token') {
        return sendJson(response, 200, { issuer, jwks_uri: `${issuer}/jwks`, keys: [], ...endpoints })
      }
      asked.push(request.headers.authorization)
      sendJson(response, 400, { error: 'invalid_grant' })
    })
    onTestFinished(provider.stop)
    const UPSTREAM_ISSUER = `http://localhost:${provider.port}`
    for (const settings of [{}, { UPSTREAM_CLIENT_SECRET: secret }]) {
      const { url } = await deploy(stack, { UPSTREAM_ISSUER, UPSTREAM_CLIENT_ID: 'our-client', ...settings })
      const browser = createWatchedBrowser()
      const { searchParams } = await afterApproval(url, browser)
      const answer = new URLSearchParams({ state: searchParams.get('state') ?? '', code: 'a code of the provider' })
      await browser.fetch(`${url}/mcp/callback?${answer}`)
    }
    // HTTP Basic, because the metadata does not say how (RFC 8414 §2). Both parts are form-encoded (RFC 6749 §2.3.1).
    const encoded = new URLSearchParams([['our-client', secret]]).toString().replace('=', ':')
    expect(asked.map((header) => header && atob(header.replace('Basic ', '')))).toEqual([undefined, encoded])
  })
})

test('MCP_OAUTH_SECRET: with another value, no client is known; MCP_OAUTH_RETIRED_SECRETS keeps clients known, MCP_OAUTH_PREVIOUS_SECRETS opens everything', async () => {
  const [old, current] = [newSecret(), newSecret()]
  const pinned = createPinnedKey()
  const before = await deploy(stack, { ...pinned.settings, MCP_OAUTH_SECRET: old })
  const { client, refreshToken } = await mockSession(before.url)
  const outcome = async () => {
    const { status } = await send(client.authorizationRequest().url)
    return [status, (await client.refresh(refreshToken)).body.error]
  }
  const changedTo = { ...pinned.settings, MCP_OAUTH_SECRET: current }
  const alone = await before.follow(changedTo)
  expect(await outcome()).toEqual([400, 'invalid_client'])
  let retired = await alone.follow({ ...changedTo, MCP_OAUTH_RETIRED_SECRETS: old })
  expect(await outcome()).toEqual([200, 'invalid_grant'])
  // An attacker with a leaked secret could make a registration of any date. Where registration is closed, it must fail.
  for (const closed of [
    { MCP_OAUTH_DCR: 'off' },
    { MCP_OAUTH_REGISTRATION_TOKEN: newSecret() },
    { MCP_OAUTH_BLOCKED_CLIENTS: 'before:2020-01-01' },
  ]) {
    retired = await retired.follow({ ...changedTo, MCP_OAUTH_RETIRED_SECRETS: old, ...closed })
    expect((await send(client.authorizationRequest().url)).status).toBe(400)
  }
  await retired.follow({ ...changedTo, MCP_OAUTH_PREVIOUS_SECRETS: old })
  expect(await outcome()).toEqual([200, undefined])
})
