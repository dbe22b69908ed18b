import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { callMcp, obtainCode, obtainTokens, registerClient, tokensOf, userAtCallback } from '../support/oauth-client.ts'
import { createPinnedKey } from '../support/pinned-key.ts'
import { json, send } from '../support/send.ts'
import { type Stack, startStack, testOnBlobs } from '../support/stack.ts'

/**
 * What settings change for clients and users: one system with the defaults, next to one with other settings. The tests of
 * other settings are in the files of their subjects. `tests/docs.test.ts` checks that every setting has a test.
 */

const kapaTool = 'search_example_sources'
const page = 'https://chat.example.com'
const proxyHost = 'docs-mcp.example.com'
const trustedRedirect = 'https://app.example.com/callback'
const privateUseRedirects = 'example-app://oauth/cb?x=1, vscode://publisher.extension/cb/*'
const texts = {
  MCP_BRAND_NAME: 'Example Incorporated',
  MCP_PRODUCT_NAME: 'Example Handbook',
  MCP_BRAND_COLOR: '#123456',
  MCP_PROVIDER_NAME: 'Example Accounts',
  MCP_ANSWER_SERVICE: 'Example Answers',
  MCP_SUPPORT_URL: 'https://example.com/support',
  MCP_OAUTH_SIGNUP_URL: 'https://example.com/sign-up',
  MCP_OAUTH_PRIVACY_URL: 'https://example.com/privacy',
}
const looks = {
  MCP_LOGO_URL: 'https://example.com/logo.svg',
  MCP_BACKGROUND: '#0b3d91 #1f6feb',
  MCP_CONSENT_TITLE: 'Let {app} read {product}',
  MCP_CONSENT_MESSAGE: 'Use your support account.',
  MCP_APPROVE_BUTTON: 'Sign in and connect',
  MCP_CANCEL_BUTTON: 'Not now',
  MCP_FINISHED_TITLE: 'You are connected',
  MCP_FINISHED_MESSAGE: 'Ask your first question.',
  MCP_ERROR_MESSAGE: 'Write to docs-help.',
}
const tool = {
  MCP_TOOL_NAME: 'ask_example_question',
  MCP_TOOL_TITLE: 'Search the Handbook',
  MCP_TOOL_DESCRIPTION: 'Answers from the Handbook.',
}
const documentation = 'https://docs.example.com/connect'
const pinned = createPinnedKey()

let usual: Stack
let changed: Stack
const both = () => [usual, changed] as const

beforeAll(async () => {
  const settings = {
    ...texts,
    ...looks,
    ...tool,
    ...pinned.settings,
    MCP_DOCS_URL: documentation,
    KAPA_TOOL_NAME: kapaTool,
    REQUIRE_AUTH: 'false',
    MCP_ALLOWED_ORIGINS: page,
    MCP_OAUTH_PROXY_HOSTS: proxyHost,
    MCP_OAUTH_TRUSTED_HOSTS: new URL(trustedRedirect).host,
    MCP_OAUTH_PRIVATE_USE_SCHEMES: 'listed',
    MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS: privateUseRedirects,
    MCP_OAUTH_INTERSTITIAL: 'off',
    MCP_OAUTH_ACCESS_TTL: '1800',
    MCP_OAUTH_REFRESH_TTL: '7200',
    MCP_OAUTH_REFRESH_GRACE: '0',
  }
  ;[usual, changed] = await Promise.all([startStack(), startStack({ settings })])
  changed.kapa.faults.toolName = kapaTool
})
afterAll(async () => {
  await usual?.stop()
  await changed?.stop()
})

const register = (url: string, redirectUri: string) =>
  send(`${url}/oauth/register`, json(JSON.stringify({ redirect_uris: [redirectUri] })))

/** The authorization request of a client with this redirect URI. */
async function requestOf(url: string, redirectUri: string, changes: Readonly<Record<string, string>> = {}) {
  const { client_id } = await (await register(url, redirectUri)).json()
  const client = await registerClient(url)
  return client.authorizationRequest({ client_id, redirect_uri: redirectUri, ...changes }).url
}

const jsonAt = async (url: string) => (await fetch(url)).json()

describe('texts for users', () => {
  const consentPage = async ({ url }: Stack) => {
    const client = await registerClient(url)
    return (await createWatchedBrowser().fetch(client.authorizationRequest().url)).text()
  }

  test('MCP_BRAND_NAME, MCP_PRODUCT_NAME, MCP_BRAND_COLOR, MCP_PROVIDER_NAME, MCP_ANSWER_SERVICE, MCP_SUPPORT_URL, MCP_OAUTH_SIGNUP_URL and MCP_OAUTH_PRIVACY_URL are on the consent page [F-000-62 F-000-65]', async () => {
    const [before, after] = await Promise.all(both().map(consentPage))
    for (const text of Object.values(texts)) {
      expect(before).not.toContain(text)
      expect(after).toContain(text)
    }
    expect(after).not.toMatch(/Redpanda|Kapa/)
  })

  test('MCP_LOGO_URL, MCP_BACKGROUND, MCP_CONSENT_TITLE, MCP_CONSENT_MESSAGE, MCP_APPROVE_BUTTON and MCP_CANCEL_BUTTON change the consent page, MCP_ERROR_MESSAGE an error page [F-004-21]', async () => {
    const after = await consentPage(changed)
    expect(after).toMatch(/<h1>Let <b>.+<\/b> read Example Handbook<\/h1>/)
    for (const text of ['src="https://example.com/logo.svg"', '(160deg,#0b3d91,#1f6feb)', looks.MCP_CONSENT_MESSAGE]) {
      expect(after).toContain(text)
    }
    for (const text of ['>Sign in and connect</button>', '>Not now</button>']) expect(after).toContain(text)
    const failed = await send(`${changed.url}/oauth/authorize`)
    expect(await failed.text()).toContain(looks.MCP_ERROR_MESSAGE)
  })

  test('MCP_FINISHED_TITLE and MCP_FINISHED_MESSAGE are on the page of a sign-in that is finished', async () => {
    const { load } = await userAtCallback(await registerClient(changed.url))
    await load()
    const again = await (await load()).text()
    for (const text of [looks.MCP_FINISHED_TITLE, looks.MCP_FINISHED_MESSAGE]) expect(again).toContain(text)
  })

  test('MCP_DOCS_URL is on the pages, in both metadata documents and in a 401', async () => {
    expect(await consentPage(changed)).toContain(`href="${documentation}"`)
    for (const [{ url, mcpUrl }, expected] of [
      [usual, usual.url],
      [changed, documentation],
    ] as const) {
      expect(await jsonAt(`${url}/.well-known/oauth-authorization-server`)).toMatchObject({
        service_documentation: expected,
      })
      expect(await jsonAt(`${url}/.well-known/oauth-protected-resource/mcp`)).toMatchObject({
        resource_documentation: expected,
      })
      const refused = await callMcp(mcpUrl, 'no-token')
      expect([refused.status, await refused.json()]).toEqual([401, expect.objectContaining({ docs_url: expected })])
    }
  })
})

describe('access to the tools', () => {
  test('REQUIRE_AUTH: without it, a client without a token is answered too', async () => {
    const message = json('{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}')
    const headers = { ...message.headers, accept: 'application/json, text/event-stream' }
    const statuses = both().map(async ({ mcpUrl }) => (await send(mcpUrl, { ...message, headers })).status)
    expect(await Promise.all(statuses)).toEqual([401, 200])
  })

  test('MCP_ALLOWED_ORIGINS: the scripts of that page may call tools, and of no other', async () => {
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'auth_status' } }
    const ask = async ({ mcpUrl }: Stack, origin: string) =>
      (await send(mcpUrl, { method: 'POST', headers: { origin }, body: JSON.stringify(call) })).status
    expect([await ask(usual, page), await ask(changed, 'https://other.example.com')]).toEqual([403, 403])
    expect(await ask(changed, page)).toBe(200)
  })
})

describe('Kapa and the tool', () => {
  const accessTo = async ({ url }: Stack) => (await obtainTokens(await registerClient(url))).accessToken
  const call = async (mcpUrl: string, token: string, name = 'ask_redpanda_question') =>
    (await callMcp(mcpUrl, token, 'tools/call', { name, arguments: { question: 'What is a grant?' } })).text()

  test('MCP_TOOL_NAME, MCP_TOOL_TITLE and MCP_TOOL_DESCRIPTION are what clients see; the defaults are in the words of the brand', async () => {
    const listed = async (stack: Stack) => (await callMcp(stack.mcpUrl, await accessTo(stack))).text()
    const [before, after] = await Promise.all(both().map(listed))
    expect(before).toMatch(/ask_redpanda_question.*Search Redpanda Sources/s)
    for (const text of Object.values(tool)) {
      expect(before).not.toContain(text)
      expect(after).toContain(text)
    }
  })

  test('KAPA_TOOL_NAME is the tool of Kapa that is called', async () => {
    await call(changed.mcpUrl, await accessTo(changed), tool.MCP_TOOL_NAME)
    expect(changed.kapa.calls().at(-1)).toMatchObject({ tool: kapaTool })
  })
})

describe('lifetimes', () => {
  test('MCP_OAUTH_ACCESS_TTL is how long an access token lives, in seconds', async () => {
    for (const [{ url }, seconds] of [
      [usual, 3600],
      [changed, 1800],
    ] as const) {
      const client = await registerClient(url)
      const { request, code } = await obtainCode(client)
      const answer = await client.redeem(request, code)
      const { iat = 0, exp = 0 } = decodeJwt(tokensOf(answer).accessToken)
      expect([answer.body.expires_in, exp - iat]).toEqual([seconds, seconds])
    }
  })

  testOnBlobs('MCP_OAUTH_REFRESH_TTL is how long an unused refresh token lives, in seconds', async () => {
    for (const [{ url, emulator }, seconds] of [
      [usual, 30 * 86_400],
      [changed, 7200],
    ] as const) {
      const { accessToken } = await obtainTokens(await registerClient(url))
      const record = emulator.inspect('mcp-oauth-broker', String(decodeJwt(accessToken).grant))?.body
      const [, rotatedAt] = /"rotatedAt":(\d+)/.exec(record ?? '') ?? []
      const [, expiresAt] = /"expiresAt":(\d+)/.exec(record ?? '') ?? []
      expect(Number(expiresAt) - Number(rotatedAt)).toBe(seconds)
    }
  })

  test('MCP_OAUTH_REFRESH_GRACE is how long the previous refresh token still works: with 0 not at all', async () => {
    const answers = both().map(async ({ url }) => {
      const client = await registerClient(url)
      const { refreshToken } = await obtainTokens(client)
      const next = tokensOf(await client.refresh(refreshToken)).refreshToken
      const again = (await client.refresh(refreshToken)).status
      return [again, (await client.refresh(next)).status]
    })
    expect(await Promise.all(answers)).toEqual([
      [200, 200],
      [400, 400],
    ])
  })
})

describe('clients', () => {
  const wrong = { response_type: 'token' }
  const statusOf = async (url: URL, headers = {}) => (await send(url, { headers })).status

  test('MCP_OAUTH_TRUSTED_HOSTS: answers go there without a click; for other hosts the user clicks', async () => {
    const statuses = both().map(async ({ url }) => statusOf(await requestOf(url, trustedRedirect, wrong)))
    expect(await Promise.all(statuses)).toEqual([400, 303])
    // The list replaces the default list.
    const builtIn = both().map(async ({ url }) =>
      statusOf(await requestOf(url, 'https://claude.ai/api/mcp/auth_callback', wrong)),
    )
    expect(await Promise.all(builtIn)).toEqual([303, 400])
  })

  test('MCP_OAUTH_INTERSTITIAL=off: no consent page for a trusted host when no other site sent the user', async () => {
    const bySelf = { 'sec-fetch-site': 'none' }
    expect(await statusOf(await requestOf(usual.url, 'https://claude.ai/api/mcp/auth_callback'), bySelf)).toBe(200)
    expect(await statusOf(await requestOf(changed.url, trustedRedirect), bySelf)).toBe(303)
    expect(await statusOf(await requestOf(changed.url, trustedRedirect), { 'sec-fetch-site': 'cross-site' })).toBe(200)
  })

  test('MCP_OAUTH_PRIVATE_USE_SCHEMES=listed, MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS: clients may register these, and no other', async () => {
    const registered = ({ url }: Stack) => {
      const uris = [
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'example-app://oauth/cb',
        'example-app://oauth/cb?x=1',
      ]
      const listed = uris.slice(1).concat('vscode://publisher.extension/cb/9f_8', 'vscode://publisher.extension/cb/9/8')
      return Promise.all([...uris.slice(0, 1), ...listed].map(async (uri) => (await register(url, uri)).status))
    }
    expect(await registered(usual)).toEqual([201, 201, 400, 201, 201])
    expect(await registered(changed)).toEqual([400, 400, 201, 201, 400])
  })
})

test('MCP_OAUTH_PROXY_HOSTS: requests that arrive there are answered in the name of the issuer', async () => {
  const metadata = ({ url }: Stack) =>
    send(`${url}/.well-known/oauth-authorization-server`, { headers: { host: proxyHost } })
  expect((await metadata(usual)).status).toBe(404)
  const answered = await metadata(changed)
  expect([answered.status, await answered.json()]).toEqual([200, expect.objectContaining({ issuer: changed.url })])
  // A page on that host could read a code.
  const registered = [usual, changed].map(({ url }) => register(url, `https://${proxyHost}/callback`))
  expect((await Promise.all(registered)).map(({ status }) => status)).toEqual([201, 400])
})

test('MCP_OAUTH_SIGNING_JWK is published, and signs', async () => {
  const { n } = JSON.parse(pinned.settings.MCP_OAUTH_SIGNING_JWK)
  const published = both().map(({ url }) => jsonAt(`${url}/.well-known/jwks.json`))
  const [usualKeys, changedKeys] = await Promise.all(published)
  expect(changedKeys.keys).toEqual([expect.objectContaining({ n })])
  expect(usualKeys.keys).not.toContainEqual(expect.objectContaining({ n }))
  const { accessToken } = await obtainTokens(await registerClient(changed.url))
  expect((await callMcp(changed.mcpUrl, await pinned.resign(accessToken))).status).toBe(200)
})
