import { expect, test } from 'vitest'
import { assertionWorld, machine, tenant, workload } from '../../dev/worlds/assertions.ts'
import { issuer } from '../../dev/worlds/proving-clients.ts'
import { createStorelessGrants, entryFence, entryOf } from '../oauth/assertions/storeless-grant.ts'
import type { Tenant } from '../oauth/assertions/trusted-issuer.ts'
import { createBlockedClients, noneBlocked } from '../oauth/clients/blocked-clients.ts'
import { writeFence } from '../oauth/grants/fence.ts'
import type { Provider } from '../oauth/providers/provider.ts'
import { readAssertions } from '../settings/companies-and-machines.ts'
import { withoutDomainsOf } from './assertions.ts'

const { signal } = new AbortController()
const trusted = (tenants: readonly object[], machines: readonly object[]) =>
  readAssertions(
    { tenants: tenants.length > 0 ? { json: tenants } : undefined, machines: machines.length > 0 ? { json: machines } : undefined },
    [],
  ) // biome-ignore format: one line

/** The claims `grant` of a person's, a workload's and a client's token, and the check at `/mcp`. */
async function tokens() {
  const w = await assertionWorld()
  const grantOf = (answer: { body: { access_token?: string } }) => w.claimsOf(answer.body.access_token)
  const person = grantOf(await w.present(await w.idJag()))
  const workflow = grantOf(await w.work(await w.workflow()))
  const client = grantOf(await w.credentials())
  const status = (grant: string, tenants: readonly object[] = [tenant], machines: readonly object[] = [workload, machine], blocked = noneBlocked) => // biome-ignore format: one line
    createStorelessGrants({ store: w.store, assertions: trusted(tenants, machines), readBlocked: async () => blocked }).status(grant, signal) // biome-ignore format: one line
  return { ...w, person, workflow, client, status }
}

test('a token ends with its company or its machine in the settings, whatever takes its place [N2 E-09]', async () => {
  const { person, workflow, client, status } = await tokens()
  for (const { grant } of [person, workflow, client]) expect(await status(grant)).toBe('live')
  expect(await status(person.grant, [])).toBe('ended')
  expect(await status(person.grant, [{ ...tenant, issuer: 'https://other.okta.example' }])).toBe('ended')
  expect(await status(workflow.grant, [tenant], [machine])).toBe('ended')
  expect(await status(workflow.grant, [tenant], [{ name: workload.name, client: 'docs-portal' }])).toBe('ended')
  expect(await status(client.grant, [tenant], [workload])).toBe('ended')
})

test('a token ends with its person, its machine or its client, and one from after the end lives [N2]', async () => {
  const w = await tokens()
  const fence = { at: w.server.clock, reason: 'test', forgetting: false }
  await writeFence(w.store, w.person.sub, fence, signal)
  expect([await w.status(w.person.grant), await w.status(w.workflow.grant)]).toEqual(['ended', 'live'])
  w.server.clock += 10_000
  const later = w.claimsOf((await w.present(await w.idJag())).body.access_token)
  expect(await w.status(later.grant)).toBe('live')
  await writeFence(w.store, w.workflow.sub, fence, signal)
  expect(await w.status(w.workflow.grant)).toBe('ended')
  const [, , , hash = ''] = w.client.grant.split('/')
  const blocked = createBlockedClients({ hashes: new Set([hash]), hosts: new Set(), before: 0 }, () => undefined)
  expect(await w.status(w.client.grant, [tenant], [workload, machine], blocked)).toBe('ended')
})

test('an admin ends a company or a machine: all of its tokens, those that it gets next live, and no other is touched [N2]', async () => {
  const w = await tokens()
  const all = () => Promise.all([w.person, w.workflow, w.client].map(({ grant }) => w.status(grant)))
  const { tenants, machines } = trusted([tenant], [workload, machine])
  const end = async (kind: 'tenant' | 'machine', entry = [...tenants, ...machines][0]) =>
    writeFence(w.store, entryFence(kind, entryOf(entry as Tenant)), { at: w.server.clock, reason: 'test', forgetting: false }, signal) // biome-ignore format: one line
  await end('tenant')
  expect(await all()).toEqual(['ended', 'live', 'live'])
  await end('machine', machines[1])
  expect(await all()).toEqual(['ended', 'live', 'ended'])
  await end('machine', machines[0])
  expect(await all()).toEqual(['ended', 'ended', 'ended'])
  for (const answer of [await w.present(await w.idJag()), await w.credentials()]) expect(answer.status).toBe(400)
  w.server.clock += 10_000
  for (const answer of [await w.present(await w.idJag()), await w.credentials()]) {
    expect(await w.status(w.claimsOf(answer.body.access_token).grant)).toBe('live')
  }
})

test('the client revokes one token, and no other; introspection says so too [E-09]', async () => {
  const token = 'introspection-token-of-a-resource-server-1234'
  const w = await assertionWorld({ introspectionTokens: [token] })
  const first = (await w.present(await w.idJag())).body.access_token ?? ''
  const second = (await w.present(await w.idJag())).body.access_token ?? ''
  const isActive = async (shown: string) => {
    const init = { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: new URLSearchParams({ token: shown }) } // biome-ignore format: one line
    return (await (await w.server.fetch('/oauth/introspect', init)).json()).active
  }
  expect([await isActive(first), await isActive(second)]).toEqual([true, true])
  const authorization = `Basic ${Buffer.from('docs-portal:the secret of the portal, which is long enough').toString('base64')}` // biome-ignore format: one line
  const revoked = await w.server.fetch('/oauth/revoke', { method: 'POST', headers: { authorization }, body: new URLSearchParams({ token: first }) }) // biome-ignore format: one line
  expect(revoked.status).toBe(200)
  expect([await isActive(first), await isActive(second)]).toEqual([false, true])
})

test.each([
  'grants/202705/u_x/y',
  'tenant/acme/u_x/y',
  `tenant/acme.12345678/u_${'x'.repeat(43)}/${'y'.repeat(43)}/1.2/..`,
  'machine/../../ended',
])('the claim %s belongs to no token without a grant', async (grant) => {
  const { status } = await tokens()
  expect(await status(grant)).toBeNull()
})

test('another provider cannot verify an address in the domain of a company [N7]', async () => {
  const identity = (email: string) => ({ issuer: 'https://login.example', sub: '1', email, emailVerified: true })
  const provider = (email: string) =>
    withoutDomainsOf<Provider>(trusted([tenant], []).tenants, {
      id: 'x',
      authorizationUrl: async () => new URL(issuer),
      identify: async () => identity(email),
    })
  const login = { state: '', nonce: '', codeVerifier: '' }
  const verified = async (email: string) =>
    (await provider(email).identify(new URLSearchParams(), login, signal)).emailVerified
  expect(await verified('a@acme.example')).toBe(false)
  expect(await verified('A@ACME.Example.')).toBe(false)
  expect(await verified('a@other.example')).toBe(true)
})
