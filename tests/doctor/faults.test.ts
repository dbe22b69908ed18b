import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Code, kinds } from '../../cli/doctor/findings.ts'
import { startBlobsEmulator } from '../../dev/blobs/emulator.ts'
import { startOpenIdProvider } from '../../dev/oidc/provider.ts'
import { repository } from '../../dev/repository.ts'
import { startRewritingProxy } from '../../dev/tls/rewriting-proxy.ts'
import { proxyFaults, signInFaults } from '../../dev/worlds/doctor-faults.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { createBlobsStore } from '../../lib/store/blobs/blobs.ts'
import {
  type CheckedSite,
  check,
  checkedHost,
  deployAgain,
  expectFound,
  startCheckedSite,
  userSignsIn,
} from '../support/doctor.ts'
import type { Stack } from '../support/stack.ts'

/** Nothing listens there. */
const deadEnd = 'http://localhost:1/'

let site: CheckedSite
let stack: Stack

beforeAll(async () => {
  site = await startCheckedSite()
  stack = site.stack
})
afterEach(() => site.heal())
afterAll(() => site?.stop())

describe('a fault between the client and the service is found, and nothing else', () => {
  test.each(proxyFaults.map((fault) => [fault.what, fault] as const))(
    '%s',
    async (_what, { rewriting, found, inside }) => {
      site.proxy.rewriting = rewriting
      expectFound(await check(inside ? site : { ...site, token: undefined }), found)
    },
  )

  test.each(signInFaults.map((fault) => [fault.what, fault] as const))('%s', async (_what, { rewriting, found }) => {
    site.proxy.rewriting = rewriting
    expectFound(await check({ ...site, token: undefined }, { signIn: userSignsIn(site) }), found)
  })

  test('an answer comes later than clients like, or wait', async () => {
    site.proxy.rewriting = { delay: (path) => (path === '/.well-known/jwks.json' ? 300 : 0) }
    const late = (patience: { slow: number; tooSlow: number }) => check({ ...site, token: undefined }, { patience })
    expectFound(await late({ slow: 200, tooSlow: 120_000 }), ['slow'])
    const { findings } = await late({ slow: 100, tooSlow: 200 })
    expect(findings.map(({ code }) => code)).toContain('too-slow')
  })
})

describe('a fault of the address is found, and nothing else', () => {
  const outside = () => ({ ...site, token: undefined })

  test('http is served and not redirected', async () => {
    site.proxy.plain = 'serves'
    expectFound(await check(outside()), ['plain-http'])
  })

  test('the host has no IPv4 address', async () => {
    expectFound(await check(outside(), { addressesOf: async () => [{ family: 6 }] }), ['no-ipv4'])
  })

  test('the name does not exist, or nothing listens', async () => {
    const unknown = async () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))
    expectFound(await check(outside(), { addressesOf: unknown }), ['unreachable'])
    expectFound(await check(outside(), { connect: () => ({ host: '127.0.0.1', port: 1 }) }), ['unreachable'])
  })

  test('the certificate is for another host', async () => {
    const proxy = await startRewritingProxy({
      tls: await site.ca.certificateFor(['other.example.test']),
      target: stack.port,
    })
    onTestFinished(() => proxy.stop())
    const { findings } = await check({ ...outside(), proxy })
    expect(findings[0]).toMatchObject({ code: 'tls-untrusted', saw: expect.stringContaining('another host') })
  })

  test('the certificate ends soon', async () => {
    const inAYear = () => Date.now() + 360 * 86_400_000
    expectFound(await check(outside(), { now: inAYear }), ['tls-expires'])
  })

  test('the server speaks TLS 1.1 only', async () => {
    const tls = { ...(await site.ca.certificateFor([checkedHost])), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const // biome-ignore format: one line
    const proxy = await startRewritingProxy({ tls, target: stack.port })
    onTestFinished(() => proxy.stop())
    expectFound(await check({ ...outside(), proxy }), ['tls-old'])
  })
})

describe('a fault of a service behind is found, and nothing else', () => {
  const status = (code: number) => ({ kind: 'status', status: code })
  test.each<[string, 'provider' | 'kapa' | 'hub', object, Code]>([
    ['the OpenID Provider is down', 'provider', { discovery: status(503) }, 'provider-unreachable'],
    [
      'the provider has another issuer',
      'provider',
      { metadata: { issuer: 'https://a.example/' } },
      'provider-mismatch',
    ],
    ['the provider has no RSA key', 'provider', { keySet: { members: { kty: 'EC' } } }, 'provider-keys'],
    ['the application is switched off there', 'provider', { authorization: 'unauthorized_client' }, 'provider-client'],
    ['the provider fails', 'provider', { authorization: 'server_error' }, 'provider-refuses'],
    ['Kapa is down', 'kapa', { connect: status(503) }, 'kapa-unreachable'],
    ['Kapa refuses the key', 'kapa', { connect: status(401) }, 'kapa-key'],
    ['Kapa’s tool has another name', 'kapa', { toolName: 'ask_something' }, 'kapa-tool'],
    ['the hub is down', 'hub', { connect: { kind: 'close' } }, 'hub-unreachable'],
    ['the hub lacks a tool', 'hub', { missingTool: 'search' }, 'hub-tool'],
  ])('%s', async (_what, part, faults, found) => {
    Object.assign(stack[part].faults, faults)
    expectFound(await check(site), [found])
  })

  test('the OpenID Provider does not know the callback', async () => {
    const provider = await startOpenIdProvider({ port: 0, redirectUris: ['https://www.example.test/mcp/callback'] })
    onTestFinished(() => provider.stop())
    const host = await deployAgain(stack, { UPSTREAM_ISSUER: provider.issuer })
    site.proxy.rewriting = { port: () => host.port }
    expectFound(await check(site), ['provider-callback'])
  })

  test('the OpenID Provider does not know the client; without the token, the sign-in to the pages shows it', async () => {
    const host = await deployAgain(stack, { UPSTREAM_CLIENT_ID: 'mistyped' })
    site.proxy.rewriting = { port: () => host.port }
    expectFound(await check(site), ['provider-client'])
    expectFound(await check({ ...site, token: undefined }), ['provider-client'])
  })
})

describe('a mistake in the settings is found, and nothing else', () => {
  async function checkWith(changes: Readonly<Record<string, string | undefined>>, from = site) {
    const host = await deployAgain(stack, changes)
    site.proxy.rewriting = { port: () => host.port }
    return check(from)
  }

  test('no sign-in, no registration, and receivers that are not there', async () => {
    const redirecting = createServer((_request, response) => response.writeHead(301, { location: '/home/' }).end())
    await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void redirecting.close())
    const report = await checkWith({
      REQUIRE_AUTH: 'false',
      MCP_OAUTH_DCR: 'off',
      MCP_OAUTH_ALOW_MOCK: 'true',
      CRM_WEBHOOK_URL: deadEnd,
      MCP_CAPTURE_URL: deadEnd,
      MCP_CAPTURE_KEY: 'phc_local',
      MCP_FEEDBACK_FORM_PATH: `http://localhost:${(redirecting.address() as AddressInfo).port}/home`,
    })
    const expected = ['open-to-all', 'registration-closed', 'settings-unread', 'crm-unreachable', 'capture-unreachable', 'form-redirects'] as const // biome-ignore format: one line
    expectFound(report, expected)
    expect(JSON.stringify(report)).not.toMatch(/phc_local|localhost:1\b/)
  })

  test('limits are off, old values are still there, and many may do much [F-004-20]', async () => {
    const report = await checkWith({
      MCP_OAUTH_REGISTER_LIMIT: '0',
      MCP_ANONYMOUS_LIMIT: '0',
      MCP_OAUTH_LIMIT_EXEMPT: '0.0.0.0/1',
      MCP_OAUTH_PREVIOUS_SECRETS: newSecret(),
      MCP_VAULT_KEYS: `${newSecret()},${newSecret()}`,
      MCP_ALLOWED_ORIGINS: 'https://*,http://intranet.example',
      MCP_ADMINS: 'org:org_1',
      MCP_HSTS: 'off',
    })
    const expected = ['registration-unlimited', 'limits-off', 'rotation-unfinished', 'vault-rotation-unfinished', 'origins-wide', 'admins-organization', 'hsts-missing'] as const // biome-ignore format: one line
    expectFound(report, expected)
    const saw = Object.fromEntries(report.findings.map(({ code, saw }) => [code, saw]))
    expect(saw['limits-off']).toBe('MCP_ANONYMOUS_LIMIT, MCP_OAUTH_LIMIT_EXEMPT')
    expect(saw['origins-wide']).toBe('https://*, http')
    const broken = report.lines.filter(({ state }) => state === 'broken').map(({ id }) => id)
    expect(broken).toEqual(['https', 'registration', 'secrets', 'vault-keys', 'admins', 'origins', 'limits'])
  })

  test('the OpenID Provider allows callbacks by a pattern [F-004-20]', async () => {
    const redirectUris = [`https://${checkedHost}/mcp/callback`, `https://doctor.${checkedHost}/mcp/callback`]
    const provider = await startOpenIdProvider({ port: 0, redirectUris })
    onTestFinished(() => provider.stop())
    expectFound(await checkWith({ UPSTREAM_ISSUER: provider.issuer }), ['provider-callback-wide'])
  })

  test('no scheduled function has run for hours [F-004-20]', async () => {
    const emulator = await startBlobsEmulator()
    onTestFinished(() => emulator.stop())
    const host = await deployAgain(stack, {}, emulator)
    const store = createBlobsStore({ name: 'mcp-oauth-broker', client: emulator.clientOptions() })
    const hoursAgo = (hours: number) => Math.floor(Date.now() / 1000) - hours * 3600
    site.proxy.rewriting = { port: () => host.port }
    const { signal } = new AbortController()
    await store.put(`limits/${hoursAgo(2)}/x`, {}, signal)
    expectFound(await check(site), [])
    await store.put(`health/${hoursAgo(4)}/x`, {}, signal)
    expectFound(await check(site), ['maintenance-late'])
  })

  test('the page of the feedback form is not there, and the mock signs everyone in', async () => {
    const none = { UPSTREAM_CLIENT_ID: undefined, UPSTREAM_ISSUER: undefined }
    const report = await checkWith({ ...none, NETLIFY_DEV: 'true', MCP_FEEDBACK_FORM_PATH: deadEnd })
    expectFound(report, ['provider-mock', 'form-unreachable'])
  })

  test('this site is not the issuer', async () => {
    const host = await deployAgain(stack, { MCP_OAUTH_ISSUER: stack.url, MCP_OAUTH_PROXY_HOSTS: checkedHost })
    site.proxy.rewriting = { port: () => host.port }
    const found = ['issuer-differs', 'resource-differs', 'authorization-server-differs', 'endpoint-elsewhere', 'challenge-differs', 'slash-refused', 'hsts-missing'] as const // biome-ignore format: one line
    const report = await check({ ...site, token: undefined })
    expectFound(report, found)
    // Without the operator's token, a report says what was not checked.
    expect(report.findings.at(-1)?.code).toBe('no-token')
  })

  test('the operator’s token is another', async () => {
    expectFound(await check({ ...site, token: newSecret() }), ['token-not-accepted'])
  })
})

test('every kind of finding is planted somewhere', () => {
  const planted = ['tests/doctor/faults.test.ts', 'tests/flows/doctor.test.ts', 'dev/worlds/doctor-faults.ts'].map((file) => readFileSync(join(repository, file), 'utf8')).join('\n') // biome-ignore format: one line
  // The service would have to be another one to redeem a code with a wrong verifier ('verifier-ignored').
  expect(Object.keys(kinds).filter((code) => !planted.includes(`'${code}'`))).toEqual([])
})
