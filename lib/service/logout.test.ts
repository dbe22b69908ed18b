import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { newSecrets } from '../../dev/worlds/authorization-server.ts'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { sha256 } from '../base/sha256.ts'
import { subjectOf } from '../oauth/grants/record.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { userKey } from '../people/users.ts'
import { readAll } from '../settings/all.ts'
import { newSecret } from '../settings/secrets.ts'
import { createMemoryStore } from '../store/memory.ts'
import { composeLogout } from './logout.ts'

beforeEach(() => void vi.spyOn(console, 'log').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const site = { issuer: 'https://docs.example', storeName: 's', production: true, preview: false }
const tokens = { provider: secret(), acme: secret(), looms: secret() }
function secret() {
  const made = randomBytes(32).toString('base64url')
  keepSecret(made)
  return made
}

/** People of the OpenID Provider, and of two companies with an identity system of their own. */
const people = { ada: 'https://login.example/', cora: 'https://acme.example', dora: 'https://looms.example' }
const organizations: Readonly<Record<string, object>> = {
  cora: { organization: { id: 'tenant:acme' } },
  dora: { organization: { id: 'tenant:looms' } },
}

async function world(env: Readonly<Record<string, string>> = {}) {
  const issuers = { provider: people.ada, acme: people.cora, looms: people.dora }
  const revokers = Object.entries(tokens).map(([name, token]) => {
    return { name, token_sha256: sha256(token), people: issuers[name as keyof typeof issuers] }
  })
  const tenant = (name: string) => ({ name, issuer: `https://${name}.example`, domains: [`${name}.example`] })
  const configuration = await readAll(
    {
      ...{ MCP_OAUTH_SECRET: newSecret(), KAPA_API_KEY: 'key', MCP_OAUTH_OWN_HOST: 'true' },
      ...{ UPSTREAM_CLIENT_ID: 'us', UPSTREAM_ISSUER: people.ada, MCP_OAUTH_REVOKERS: JSON.stringify(revokers) },
      MCP_TENANTS: JSON.stringify([tenant('acme'), tenant('looms')]),
      ...env,
    },
    site,
  )
  const { signIn, problems } = configuration
  expect(problems).toEqual([])
  if (!signIn) throw new Error('sign-in is out of service')
  const { signal } = new AbortController()
  const store = createMemoryStore()
  const idOf = (who: string) => subjectOf(people[who as keyof typeof people], who)
  for (const who of Object.keys(people)) await store.put(userKey(idOf(who)), { ...organizations[who] }, signal)
  const ended: string[] = []
  const privacy = {
    async endPerson(sub: string) {
      ended.push(Object.keys(people).find((who) => idOf(who) === sub) ?? 'unknown')
      return { grants: 1 }
    },
  }
  const sealing = createSealing(site.issuer, newSecrets())
  const logout = await composeLogout(configuration, signIn, { site, store, sealing, privacy: privacy as never })
  const revoke = async (by: keyof typeof tokens, who: string) => {
    ended.length = 0
    const call = { signal, requestId: 'r', waitUntil: () => {} }
    const body = JSON.stringify({ sub_id: { format: 'opaque', id: idOf(who) } })
    const headers = { authorization: `Bearer ${tokens[by]}`, 'content-type': 'application/json' }
    const request = new Request(`${site.issuer}/oauth/global-token-revocation`, { method: 'POST', headers, body })
    return [(await logout.fetch(request, call)).status, ...ended]
  }
  return { revoke }
}

test('a service reaches the people of its own provider or company alone, and the answer does not tell [N4]', async () => {
  const { revoke } = await world()
  for (const [by, own] of [
    ['provider', 'ada'],
    ['acme', 'cora'],
    ['looms', 'dora'],
  ] as const) {
    for (const who of Object.keys(people)) {
      expect([by, who, await revoke(by, who)]).toEqual([by, who, who === own ? [204, who] : [204]])
    }
  }
})

test('with several providers as well: the default one’s service does not reach a company’s people [N4]', async () => {
  const okta = { name: 'engines', preset: 'okta', issuer: 'https://engines.okta.com', client_id: 'c' }
  const { revoke } = await world({ MCP_PROVIDERS: JSON.stringify([okta]) })
  expect(await revoke('provider', 'ada')).toEqual([204, 'ada'])
  expect(await revoke('provider', 'cora')).toEqual([204])
  expect(await revoke('acme', 'cora')).toEqual([204, 'cora'])
  expect(await revoke('acme', 'ada')).toEqual([204])
})
