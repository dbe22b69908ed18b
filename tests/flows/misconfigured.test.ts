import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startHost } from '../../dev/host/start.ts'
import { freePorts } from '../../dev/start/ports.ts'
import { builtArtifact } from '../support/artifact.ts'
import { callMcp, obtainCodeByMock, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { createPinnedKey } from '../support/pinned-key.ts'
import { routes } from '../support/routes.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Milliseconds for a printed line to arrive. A test waits that long only if it fails. */
const patience = 60_000

let stack: Stack

beforeAll(async () => {
  stack = await startStack()
  // A signing key exists, as it does where a setting gets lost later.
  await obtainTokens(await registerClient(stack.url))
})
afterAll(async () => {
  await stack.stop()
})

/** Another deploy of the same site with other settings; `undefined` removes a setting. */
async function deploy(changes: Readonly<Record<string, string | undefined>>, deployContext = 'dev') {
  const port = await freePorts()
  const url = `http://localhost:${port}`
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries({
    ...stack.environment,
    URL: url,
    MCP_OAUTH_ISSUER: url,
    ...changes,
  })) {
    if (value !== undefined) env[name] = value
  }
  const lines: string[] = []
  const host = await startHost({
    artifact: builtArtifact(),
    port,
    env,
    blobs: stack.emulator.clientOptions(),
    deployContext,
    onOutput: (line) => lines.push(line),
  })
  onTestFinished(() => host.stop())
  return { url, env, lines }
}

const pages = [
  ['GET', '/oauth/authorize?client_id=x'],
  ['GET', '/authorize?client_id=x'],
  ['POST', '/oauth/approve'],
  ['GET', '/mcp/callback?state=x&code=y'],
  ['GET', '/oauth/mock-idp/authorize?state=x'],
] as const

async function expectFlowDown(url: string): Promise<void> {
  for (const path of ['/oauth/register', '/oauth/token', '/oauth/par', '/oauth/revoke', '/register', '/token']) {
    const response = await send(url + path, { method: 'POST', body: 'grant_type=refresh_token' })
    expect([path, response.status]).toEqual([path, 503])
    expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' })
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(response.headers.get('cache-control')).toBe('no-store')
  }
  for (const [method, path] of pages) {
    const response = await send(url + path, { method })
    expect([path, response.status]).toEqual([path, 503])
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await response.text()).toContain('Sign-in is not available yet')
    expect([response.headers.get('location'), response.headers.getSetCookie()]).toEqual([null, []])
  }
}

async function expectDiscoveryUp(url: string): Promise<void> {
  const get = async (path: string) => {
    const response = await fetch(url + path)
    expect([path, response.status]).toEqual([path, 200])
    return response.json()
  }
  expect(await get('/.well-known/oauth-authorization-server')).toMatchObject({ issuer: url })
  expect(await get('/.well-known/oauth-protected-resource')).toMatchObject({ resource: `${url}/mcp` })
  expect(await get('/.well-known/oauth-protected-resource/mcp')).toMatchObject({ resource: `${url}/mcp` })
  expect(await get('/.well-known/jwks.json')).toEqual({ keys: expect.any(Array) })
}

/** Settings that `/mcp` needs as well: with a wrong signing key, it would refuse good tokens, and clients discard these. */
const closesBoth = ['KAPA_API_KEY', 'MCP_OAUTH_SIGNING_JWK']

/** The status of `/mcp` for a request without a token. */
const mcpStatus = async (url: string) => (await send(`${url}/mcp`, { method: 'POST' })).status

describe.each([
  ['MCP_OAUTH_SECRET', undefined],
  ['MCP_OAUTH_SECRET', 'correct horse battery staple'],
  ['MCP_OAUTH_PREVIOUS_SECRETS', 'hunter2hunter2'],
  ['UPSTREAM_CLIENT_ID', undefined],
  ['UPSTREAM_ISSUER', 'http://login.example.com/'],
  ['KAPA_API_KEY', undefined],
  ['MCP_OAUTH_SIGNING_JWK', '{"kty":"oct","k":"c2VjcmV0"}'],
  ['MCP_OAUTH_ACCESS_TTL', '59 minutes'],
  ['CRM_WEBHOOK_URL', 'http://crm.example.com/hook-8d1f'],
])('%s is %j', (name, value) => {
  test('sign-in answers 503, the log names the setting and no value, and discovery stays up [O-10]', async () => {
    const { url, env, lines } = await deploy({ [name]: value })
    await expectFlowDown(url)
    await expectDiscoveryUp(url)
    expect(await mcpStatus(url)).toBe(closesBoth.includes(name) ? 503 : 401)
    await vi.waitFor(() => expect(lines.join('\n')).toContain('"misconfigured"'), patience)
    const reported = lines.filter((line) => line.includes('"misconfigured"')).join('\n')
    expect(reported).toContain(name)
    expect(reported).toContain(`"closed":"sign-in${closesBoth.includes(name) ? ', mcp' : ''}"`)
    const values = Object.entries(env).filter(([setting]) => /^(MCP_|UPSTREAM_|KAPA_|CRM_)/.test(setting))
    expect(values.filter(([, setting]) => reported.includes(setting))).toEqual([])
  })
})

test('a pasted signing key whose members belong to two keys is named, and signs nothing [O-09 O-10]', async () => {
  const [one, other] = [0, 1].map(() => JSON.parse(createPinnedKey().settings.MCP_OAUTH_SIGNING_JWK))
  const { url, lines } = await deploy({ MCP_OAUTH_SIGNING_JWK: JSON.stringify({ ...one, n: other.n }) })
  await expectFlowDown(url)
  const reported = () => lines.filter((line) => line.includes('"misconfigured"')).join('\n')
  await vi.waitFor(() => expect(reported()).toContain('MCP_OAUTH_SIGNING_JWK is of two keys'), patience)
  expect(reported()).not.toContain(other.n)
})

test('several problems are reported in one line', async () => {
  const { url, lines } = await deploy({ MCP_OAUTH_SECRET: '', UPSTREAM_CLIENT_ID: ' ', MCP_BRAND_COLOR: 'red' })
  await expectFlowDown(url)
  const reported = () => lines.filter((line) => line.includes('"misconfigured"'))
  await vi.waitFor(() => expect(reported()).toHaveLength(1), patience)
  for (const name of ['MCP_OAUTH_SECRET', 'UPSTREAM_CLIENT_ID', 'MCP_BRAND_COLOR'])
    expect(reported()[0]).toContain(name)
})

describe('every function', () => {
  /** A request to each function, on a deploy that answers nothing else. */
  const asked: readonly (readonly [string, string, string])[] = [
    ['oauth', 'GET', '/.well-known/oauth-authorization-server'],
    ['mcp', 'POST', '/mcp'],
    ['about', 'GET', '/health/ready'],
    ['maintenance', 'POST', '/.netlify/functions/maintenance'],
  ]

  test.each(asked)(
    '%s: its log has every problem, once, and names misspelled settings',
    async (_name, method, path) => {
      const { url, lines } = await deploy({
        UPSTREAM_CLIENT_ID: undefined,
        MCP_TOOL_NAME: 'a b',
        MCP_PLANS: '[]',
        MCP_OAUTH_PROXY_HOSTS: 'docs-mcp.netlify.app,https://docs.example.com/mcp',
        MCP_OAUTH_ALLOW_MOCK: 'ture',
        MCP_OAUTH_ALOW_MOCK: 'true',
      })
      await send(url + path, { method })
      await send(url + path, { method })
      const told = (event: string) => lines.filter((line) => line.includes(`"${event}"`))
      await vi.waitFor(() => expect(told('settings_unread')).toHaveLength(1), patience)
      expect(told('settings_unread')[0]).toContain('"MCP_OAUTH_ALOW_MOCK"')
      expect(told('misconfigured')).toHaveLength(1)
      for (const name of [
        'UPSTREAM_CLIENT_ID is missing',
        'MCP_TOOL_NAME must',
        'MCP_PLANS must',
        'MCP_OAUTH_PROXY_HOSTS: value 2 must',
        'MCP_OAUTH_ALLOW_MOCK must',
      ]) {
        expect(told('misconfigured')[0]).toContain(name)
      }
    },
  )

  test.each(asked.slice(0, 3))(
    '%s: with another brand, its log names every setting that is then required',
    async (_name, method, path) => {
      const names = ['UPSTREAM_CLIENT_ID', 'UPSTREAM_ISSUER', 'KAPA_API_KEY', 'KAPA_MCP_SERVER_URL', 'MCP_OAUTH_SECRET']
      const nothing = Object.fromEntries(names.map((name) => [name, undefined]))
      const { url, lines } = await deploy({ ...nothing, MCP_BRAND_NAME: 'Example' })
      await send(url + path, { method })
      await vi.waitFor(() => expect(lines.join('\n')).toContain('"misconfigured"'), patience)
      for (const name of names) expect(lines.join('\n')).toContain(name)
    },
  )

  test('everything answers 404 at another host than the issuer’s: one line names both hosts', async () => {
    const { url, lines } = await deploy({ MCP_OAUTH_ISSUER: 'https://docs.example.com' })
    for (const path of ['/mcp', '/mcp', '/mcp']) expect((await send(url + path)).status).toBe(404)
    const told = () => lines.filter((line) => line.includes('"foreign_host"'))
    await vi.waitFor(() => expect(told()).toHaveLength(1), patience)
    expect(JSON.parse(told()[0] ?? '')).toMatchObject({
      host: new URL(url).host,
      issuer: 'https://docs.example.com',
    })
  })

  test('a host that passes requests on may be written as an address', async () => {
    const { url } = await deploy({ MCP_OAUTH_PROXY_HOSTS: 'https://Docs-MCP.netlify.app/' })
    const at = (host: string) => send(`${url}/health`, { headers: { host } }).then(({ status }) => status)
    expect([await at('docs-mcp.netlify.app'), await at('other.netlify.app')]).toEqual([200, 404])
  })
})

describe('a request for another host', () => {
  const evil = 'evil.example.com'

  test.each(routes.flatMap(({ path }) => (path === null ? [] : [path])))(
    '%s: 404 as JSON [D-04 D-25 A20]',
    async (path) => {
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        for (const headers of [{ host: evil }, { host: evil, 'x-forwarded-host': `localhost:${stack.port}` }]) {
          const response = await send(stack.url + path, { method, headers })
          expect([method, response.status, await response.json()]).toEqual([method, 404, { error: 'not_found' }])
          expect(response.headers.get('cache-control')).toBe('no-store')
        }
      }
    },
  )

  test.each([
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-protected-resource/mcp',
    '/oauth/authorize',
    '/mcp',
  ])('%s: no forwarded host ever shows in an answer [D-04 D-19 A18 B8-8]', async (path) => {
    const headers = {
      'x-forwarded-host': evil,
      forwarded: `host=${evil}`,
      'x-forwarded-proto': 'https',
      'x-host': evil,
    }
    const response = await send(stack.url + path, { headers })
    const plain = await send(stack.url + path)
    expect(response.status).toBe(plain.status)
    const answer = `${JSON.stringify([...response.headers])} ${await response.text()}`
    expect(answer).not.toContain(evil)
    expect(answer).not.toContain(`https://localhost`)
  })
})

describe('the mock provider (NETLIFY_DEV, MCP_OAUTH_ALLOW_MOCK)', () => {
  const noProvider = { UPSTREAM_CLIENT_ID: undefined, UPSTREAM_ISSUER: undefined }

  test.each(['NETLIFY_DEV', 'MCP_OAUTH_ALLOW_MOCK'])('completes a sign-in with %s [O-10]', async (signal) => {
    const { url } = await deploy({ ...noProvider, [signal]: 'true' })
    const client = await registerClient(url)
    const { request, code } = await obtainCodeByMock(client)
    const { accessToken } = tokensOf(await client.redeem(request, code))
    expect((await callMcp(`${url}/mcp`, accessToken)).status).toBe(200)
  })

  test.each([
    ['without any signal', {}, 'dev'],
    ['under a signal that is not exactly `true`', { NETLIFY_DEV: '1', MCP_OAUTH_ALLOW_MOCK: 'TRUE' }, 'dev'],
    ['in production, with any signal', { NETLIFY_DEV: 'true', MCP_OAUTH_ALLOW_MOCK: 'true' }, 'production'],
  ])('does not exist %s', async (_when, signals, deployContext) => {
    const { url } = await deploy({ ...noProvider, ...signals }, deployContext)
    await expectFlowDown(url)
    await expectDiscoveryUp(url)
  })

  test('has no endpoint next to a real provider, with or without the settings of the mock', async () => {
    const { url } = await deploy({ NETLIFY_DEV: 'true', MCP_OAUTH_ALLOW_MOCK: 'true' })
    const response = await send(`${url}/oauth/mock-idp/authorize?state=x`)
    expect([response.status, response.headers.get('location')]).toEqual([404, null])
  })
})

test('client metadata documents on this machine need an issuer on this machine: an https issuer refuses the setting', async () => {
  const issuer = 'https://docs.example.com'
  const { url, lines } = await deploy({ MCP_OAUTH_ISSUER: issuer, MCP_OAUTH_CIMD_LOCAL_ORIGINS: 'https://localhost:1' })
  const response = await send(`${url}/oauth/token`, { method: 'POST', headers: { host: new URL(issuer).host } })
  expect(response.status).toBe(503)
  await vi.waitFor(() => expect(lines.join('\n')).toContain('MCP_OAUTH_CIMD_LOCAL_ORIGINS'), patience)
})
