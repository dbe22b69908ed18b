import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Code } from '../../cli/doctor/findings.ts'
import { startVendor, type VendorServer } from '../../dev/oidc/vendors/server.ts'
import { type VendorName, vendors } from '../../dev/oidc/vendors/vendors.ts'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import {
  type CheckedSite,
  check,
  checkedOrigin,
  deployAgain,
  expectFound,
  startCheckedSite,
} from '../support/doctor.ts'

/** A deployment whose users choose among all presets, each with a stand-in that behaves like the provider. */

const secret = 'client-secret-of-this-service-at-a-provider'
const names = Object.keys(vendors).filter((name): name is VendorName => name in vendors)
const more: Readonly<Partial<Record<VendorName, object>>> = { entra: { organizations: 'any' } }

let site: CheckedSite
let servers: readonly VendorServer[]
beforeAll(async () => {
  keepSecret(secret)
  servers = await Promise.all(names.map((name) => start(name)))
  site = await startCheckedSite({ MCP_PROVIDERS: listOf(servers), MCP_PROVIDER_SECRET_ALL: secret })
})
afterEach(() => {
  site.heal()
  for (const server of servers)
    Object.assign(server, { metadata: {}, keyMembers: usualKeys(server), refusal: undefined })
})
afterAll(async () => {
  await site?.stop()
  await Promise.all((servers ?? []).map(({ stop }) => stop()))
})

const start = (name: VendorName, callback = `${checkedOrigin}/mcp/callback/${name}`) =>
  startVendor(name, { clientSecret: secret, redirectUris: [callback] })
const usualKeys = ({ vendor, origin }: VendorServer) => (vendor === 'entra' ? vendors.entra.keyMembers(origin) : {})
const serverOf = (name: VendorName) => servers.find(({ vendor }) => vendor === name)

const entryOf = ({ vendor, origin, issuer, clientId }: VendorServer) => ({
  name: vendor,
  preset: vendor,
  issuer: ['entra', 'google', 'github'].includes(vendor) ? origin : issuer,
  client_id: clientId,
  client_secret_variable: 'MCP_PROVIDER_SECRET_ALL',
  ...more[vendor],
})
const listOf = (from: readonly VendorServer[], changes: Readonly<Partial<Record<VendorName, object>>> = {}) =>
  JSON.stringify(from.map((server) => ({ ...entryOf(server), ...changes[server.vendor] })))

test('nothing is found where each of the providers is sound, and each was asked', async () => {
  const before = servers.map(({ authorizationRequests }) => authorizationRequests.length)
  const report = await check(site)
  expectFound(report, [])
  expect(JSON.stringify(report)).not.toContain(secret)
  const asked = servers.map(({ authorizationRequests }, index) => authorizationRequests.length - (before[index] ?? 0))
  // GitHub sends every user to its form first. Its token endpoint says whether it knows this service.
  expect(names.filter((_, index) => asked[index] === 0)).toEqual(['github'])
  expect(serverOf('github')?.tokenRequests.at(-1)?.get('code')).toBe('doctor')
})

test('without the operator’s token, the choice of the account pages leads to each provider that has a button', async () => {
  const outside = { ...site, token: undefined }
  expectFound(await check(outside), [])
  const asked = servers.map(({ authorizationRequests }) => authorizationRequests.length)
  const list = listOf(servers, {
    workos: { client_id: 'mistyped' },
    okta: { button: false, email_domains: ['looms.example'] },
  })
  const host = await deployAgain(site.stack, { MCP_PROVIDERS: list })
  site.proxy.rewriting = { port: () => host.port }
  const report = await check(outside)
  expectFound(report, ['provider-client'])
  expect(report.findings[0]?.saw).toContain(new URL(serverOf('workos')?.origin ?? '').host)
  const more = servers.map(({ authorizationRequests }, index) => authorizationRequests.length - (asked[index] ?? 0))
  expect(names.filter((_, index) => more[index] === 0)).toEqual(['okta', 'github'])
})

/** What may be wrong with a provider, and what must be found. `entry` changes its entry of the list, and the rest the stand-in. */
const faults: readonly {
  readonly what: string
  readonly code?: Code
  readonly entry?: (name: VendorName) => object
  readonly stand?: object
}[] = [
  { what: 'nothing' },
  { what: 'it does not know the callback', code: 'provider-callback' },
  { what: 'it does not know the client', code: 'provider-client', entry: () => ({ client_id: 'mistyped' }) },
  {
    what: 'it cannot be reached',
    code: 'provider-unreachable',
    entry: (name) => ({ issuer: `http://localhost:1/${name}` }),
  },
  { what: 'it publishes no usable key', code: 'provider-keys', stand: { keyMembers: { kty: 'EC' } } },
  { what: 'it is another issuer', code: 'provider-mismatch', stand: { metadata: { issuer: 'https://a.example/' } } },
  { what: 'it lacks an endpoint', code: 'provider-mismatch', stand: { metadata: { token_endpoint: undefined } } },
  { what: 'it refuses this service', code: 'provider-refuses', stand: { refusal: { error: 'invalid_scope' } } },
]
const [sound = { what: '' }] = faults

/** GitHub has no metadata and no keys, and its authorization endpoint is not asked. */
const faultOf = (name: VendorName, round: number) => {
  const fault = faults[(names.indexOf(name) + round) % faults.length] ?? sound
  return name === 'github' && fault.stand ? sound : fault
}

// In each round every provider has another fault, so that after all rounds each provider has had each fault.
test.each(faults.map((_, round) => round))(
  'round %i: the fault of each provider is found, by its name, and nothing else',
  async (round) => {
    const strangers = await Promise.all(
      names.flatMap((name) =>
        faultOf(name, round).code === 'provider-callback' ? [start(name, 'https://www.example.test/cb')] : [],
      ),
    )
    onTestFinished(async () => void (await Promise.all(strangers.map(({ stop }) => stop()))))
    const list = servers.map((server) => strangers.find(({ vendor }) => vendor === server.vendor) ?? server)
    for (const server of list) Object.assign(server, faultOf(server.vendor, round).stand)
    const changes = Object.fromEntries(names.map((name) => [name, faultOf(name, round).entry?.(name)]))
    const host = await deployAgain(site.stack, { MCP_PROVIDERS: listOf(list, changes) })
    site.proxy.rewriting = { port: () => host.port }
    const report = await check(site)

    const expected = list.flatMap(({ vendor }) => {
      const { code } = faultOf(vendor, round)
      return code ? [{ code, vendor }] : []
    })
    const all = [...new Set(expected.map(({ code }) => code))]
    expectFound(report, all)
    for (const found of all) {
      const theirs = expected.filter(({ code }) => code === found)
      const { saw = '' } = report.findings.find(({ code }) => code === found) ?? {}
      const named = list.filter(
        ({ vendor, origin }) => saw.includes(new URL(origin).host) || new RegExp(`\\b${vendor}\\b`).test(saw),
      )
      expect([found, named.map(({ vendor }) => vendor), saw]).toEqual([found, theirs.map(({ vendor }) => vendor), saw])
    }
    expect(JSON.stringify(report)).not.toContain(secret)
  },
)

test('GitHub has another secret than the settings', async () => {
  const variable = { MCP_PROVIDER_SECRET_GITHUB: 'another-secret-of-this-service', MCP_PROVIDERS: listOf(servers, { github: { client_secret_variable: 'MCP_PROVIDER_SECRET_GITHUB' } }) } // biome-ignore format: one line
  const host = await deployAgain(site.stack, variable)
  site.proxy.rewriting = { port: () => host.port }
  const report = await check(site)
  expectFound(report, ['provider-client'])
  expect(report.findings[0]?.saw).toContain('github: the token endpoint answers incorrect_client_credentials')
})

test('a mistake in an entry is found by the name of the entry, and the other providers are still checked', async () => {
  Object.assign(serverOf('okta') ?? {}, { keyMembers: { kty: 'EC' } })
  const host = await deployAgain(site.stack, { MCP_PROVIDERS: listOf(servers, { google: { client_id: undefined } }) })
  site.proxy.rewriting = { port: () => host.port }
  const report = await check(site)
  expectFound(report, ['settings-wrong', 'provider-keys'])
  expect(report.findings.map(({ saw }) => saw).join('\n')).toContain('provider google must have a client_id')
})
