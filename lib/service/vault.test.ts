import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { startVendor, type VendorServer } from '../../dev/oidc/vendors/server.ts'
import { entraTenant, type VendorName } from '../../dev/oidc/vendors/vendors.ts'
import { defined } from '../base/defined.ts'
import { newGrantKey, subjectOf } from '../oauth/grants/record.ts'
import { defaultBrand } from '../pages/brand.ts'
import { markOf } from '../people/roles/marks.ts'
import { newSecret } from '../settings/secrets.ts'
import { createMemoryStore } from '../store/memory.ts'
import { composeProviders } from './providers.ts'
import { rolesOfSignIn } from './roles.ts'
import { vaultOf, vaultOfSignIn } from './vault.ts'

// The vault with several providers: each is asked for a refresh token in its own way, and with its own tokens only (N10, N12).

const issuer = 'https://docs.example'
const { signal } = new AbortController()
const ends = Date.now() / 1000 + 86_400
const never = () => false

let running: VendorServer[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  await Promise.all(running.map(({ stop }) => stop()))
  running = []
})

const more: Partial<Record<VendorName, object>> = {
  entra: { organizations: [entraTenant, '99999999-2222-4333-8444-555555555555'] },
}

async function start(vendor: VendorName, name: string = vendor): Promise<VendorServer> {
  const server = await startVendor(vendor, { clientSecret: 'secret', redirectUris: [`${issuer}/mcp/callback/${name}`] })
  running.push(server)
  return server
}

const entryOf = (server: VendorServer, changes: object = {}) => ({
  ...{ name: server.vendor, preset: server.vendor, client_id: server.clientId, email: 'optional', role_claims: true },
  issuer: ['entra', 'google', 'github'].includes(server.vendor) ? server.origin : server.issuer,
  client_secret_variable: 'MCP_PROVIDER_SECRET_ONE',
  ...more[server.vendor],
  ...changes,
})

/** A service with these providers, and the vault. */
function world(entries: readonly object[], { store = createMemoryStore(), keys = newSecret() } = {}) {
  const listed = { json: entries, variable: () => 'secret', hasDefault: false }
  vi.stubEnv('MCP_ROLES', JSON.stringify({ claims: ['team'], roles: [{ name: 'limited', values: ['writers'] }] }))
  const { roleMarks } = rolesOfSignIn(process.env.MCP_ROLES ?? '', []) ?? {}
  const signIn = vaultOfSignIn(keys, {}, { issuer, store, listed, ...defined({ roleMarks }) })
  if (!signIn) throw new Error('the key is wrong')
  vi.stubEnv('MCP_VAULT_KEYS', keys)
  const vault = vaultOf({ issuer, signIn: { provider: { kind: 'listed' } } as never, listed }, store)
  if (!vault) throw new Error('there is no vault')

  /** Signs the person of a provider in, as the callback does. */
  async function signsIn(name: string, prompt?: 'select_account') {
    const { at } = composeProviders({ admins: [], signIn: null, brand: defaultBrand }, listed)
    const provider = (await at(issuer, false, { ...defined({ roleMarks }), ...signIn?.ofProvider })).find(
      (one) => one.name === name,
    )
    if (!provider) throw new Error(`there is no provider ${name}`)
    const random = () => randomBytes(24).toString('base64url')
    const login = { state: random(), nonce: random(), codeVerifier: randomBytes(32).toString('base64url') }
    const answer = await fetch(await provider.authorizationUrl(login, prompt, signal), { redirect: 'manual' })
    const back = new URL(answer.headers.get('location') ?? `none:${await answer.text()}`)
    const identity = await provider.identify(back.searchParams, login, signal)
    const grant = newGrantKey(subjectOf(identity.issuer, identity.sub), ends)
    await signIn?.flow.keep(grant, identity, signal)
    return { grant, identity }
  }
  const keysIn = async () => (await store.list('vault/', signal)).keys
  return { vault, signsIn, store, keys, keysIn }
}

const refreshed = (server: VendorServer) =>
  server.tokenRequests.filter((form) => form.get('grant_type') === 'refresh_token')

describe.each<VendorName>(['auth0', 'google', 'okta', 'entra', 'cognito', 'workos', 'keycloak', 'oidc'])(
  '%s',
  (name) => {
    test('is asked for a refresh token in its own way, and then whether the person is still there [N12]', async () => {
      const server = await start(name)
      const { vault, signsIn } = world([entryOf(server)])
      const { grant } = await signsIn(name)
      server.person = { ...server.person, team: 'writers' }
      const renewal = await vault.renew(grant, never, signal)
      expect(renewal).toMatchObject({
        kind: 'kept',
        kept: { provider: name, claimed: { roleMarks: [markOf('writers')] } },
      })
      expect(refreshed(server)).toHaveLength(1)
      server.person = { ...server.person, sub: 'another' }
      expect(await vault.renew(grant, never, signal)).toMatchObject({ kind: 'lost', reason: expect.stringContaining('another person') }) // biome-ignore format: one line
    })
  },
)

test('Google asks for the account and for consent at once', async () => {
  const server = await start('google')
  const { signsIn, keysIn } = world([entryOf(server)])
  await signsIn('google', 'select_account')
  expect(server.authorizationRequests.at(-1)?.get('prompt')).toBe('select_account consent')
  expect(await keysIn()).toHaveLength(1)
})

test('GitHub gives nothing that is kept', async () => {
  const server = await start('github')
  const { vault, signsIn, keysIn } = world([entryOf(server)])
  const { grant } = await signsIn('github')
  expect([await keysIn(), (await vault.renew(grant, never, signal)).kind]).toEqual([[], 'absent'])
})

describe('a token is never sent to another provider', () => {
  test('where two providers change their names in the settings [N10 N12]', async () => {
    const [one, two] = [await start('auth0', 'first'), await start('okta', 'second')]
    const before = world([entryOf(one, { name: 'first' }), entryOf(two, { name: 'second' })])
    const { grant } = await before.signsIn('first')
    const swapped = [entryOf(two, { name: 'first' }), entryOf(one, { name: 'second' })]
    const after = world(swapped, before)
    expect(await after.vault.renew(grant, never, signal)).toMatchObject({ kind: 'lost', reason: 'the settings have another provider now' }) // biome-ignore format: one line
    await after.vault.end(grant, signal)
    expect([refreshed(one), refreshed(two), await before.keysIn()]).toEqual([[], [], []])
  })

  test('where our client there is another one, and the connection stays for the case that the settings come back', async () => {
    const server = await start('auth0')
    const before = world([entryOf(server)])
    const { grant } = await before.signsIn('auth0')
    const other = world([entryOf(server, { client_id: 'another' })], before)
    expect((await other.vault.renew(grant, never, signal)).kind).toBe('lost')
    const none = world([], before)
    expect((await none.vault.renew(grant, never, signal)).kind).toBe('lost')
    expect(refreshed(server)).toEqual([])
    expect((await before.vault.renew(grant, never, signal)).kind).toBe('kept')
  })
})

test('Entra ID: a later token of the same subject in another tenant is another person [N6 N12]', async () => {
  const server = await start('entra')
  const { vault, signsIn } = world([entryOf(server)])
  const { grant } = await signsIn('entra')
  server.person = { ...server.person, tid: '99999999-2222-4333-8444-555555555555' }
  expect((await vault.renew(grant, never, signal)).kind).toBe('lost')
})
