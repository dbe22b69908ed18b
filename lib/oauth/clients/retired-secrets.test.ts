import { describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  newPkce,
  newSecrets,
  redirectUri,
  register,
  signIn,
  TestBrowser,
  token,
} from '../../../dev/worlds/authorization-server.ts'
import { docsScopes } from '../../settings/docs-resource.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { createSealing } from '../keys/sealing.ts'
import { createRegistrations } from './registration.ts'
import { createRegistrationSealer } from './sealed-registration.ts'

const issuer = 'https://docs.example'
const leaked = newSecrets().current
const secrets = { ...newSecrets(), retired: [leaked] }
const registrationToken = 'r'.repeat(40)
const trusted = 'https://claude.ai/api/mcp/auth_callback'

/** A client_id that an attacker makes with the leaked secret and any time. */
async function forge(at: number, redirect_uris = [redirectUri]): Promise<string> {
  const sealer = createRegistrationSealer(createSealing(issuer, { current: leaked, previous: [], retired: [] }))
  const registrations = createRegistrations({
    sealer,
    policy: { scopes: docsScopes.all, privateUseUris: [] },
    now: () => at,
  })
  const registered = await registrations.register({ client_name: 'Claude', redirect_uris })
  if ('error' in registered) throw new Error(registered.description)
  return registered.client_id
}

const times = [0, 1, Date.UTC(2026, 10, 20), Date.UTC(2026, 10, 21), Date.UTC(2126, 0, 1)]

describe('a client_id under a retired secret', () => {
  test.each(times)('is blocked by every before: rule, whatever time it claims (%d ms) [R-13 N27]', async (at) => {
    const clientId = await forge(at)
    for (const rule of ['before:2020-01-01', 'before:2026-11-21', 'before:2200-01-01']) {
      const server = createHarness({ secrets, blockedClients: [rule] })
      const page = await server.fetch(authorizePath(clientId, newPkce()))
      expect([page.status, page.headers.get('location')]).toEqual([400, null])
      const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: 'x' }
      expect((await token(server, form)).body.error).toBe('invalid_client')
    }
    expect((await createHarness({ secrets }).fetch(authorizePath(clientId, newPkce()))).status).toBe(200)
  })

  test('under a current or a previous secret, its own time counts [R-13]', async () => {
    const current = { ...newSecrets(), current: leaked }
    const previous = { ...newSecrets(), previous: [leaked] }
    const clientId = await forge(Date.UTC(2026, 10, 20))
    for (const good of [current, previous]) {
      const askWith = async (rule: string) =>
        (await createHarness({ secrets: good, blockedClients: [rule] }).fetch(authorizePath(clientId, newPkce())))
          .status
      expect([await askWith('before:2026-11-20'), await askWith('before:2026-11-21')]).toEqual([200, 400])
    }
  })

  test.each([
    ['registration is off', { registrationOff: true }],
    ['registration needs a token', { registrationToken }],
  ])('begins no sign-in where %s, and neither does the legacy path [R-02 R-13 N27]', async (_what, closed) => {
    const server = createHarness({ secrets, ...closed })
    for (const at of times) {
      const path = authorizePath(await forge(at), newPkce())
      for (const each of [path, path.replace('/oauth/authorize', '/authorize')]) {
        const page = await server.fetch(each)
        expect([page.status, page.headers.get('location')]).toEqual([400, null])
        expect(await page.text()).toContain('invalid_client')
      }
    }
    expect(server.log.map(({ event }) => event)).not.toContain('code_issued')
  })

  test.each([
    ['registration is off', { registrationOff: true }],
    ['registration needs a token', { registrationToken }],
  ])('refreshes and revokes its grants where %s [R-13 N27]', async (_what, closed) => {
    const store = createMemoryStore()
    const open = createHarness({ secrets, store })
    const clientId = await forge(Date.UTC(2026, 10, 20))
    const pkce = newPkce()
    const code = (await signIn(new TestBrowser(open), clientId, pkce)).searchParams.get('code') ?? ''
    const form = { client_id: clientId, redirect_uri: redirectUri }
    const first = await token(open, { ...form, grant_type: 'authorization_code', code, code_verifier: pkce.verifier })
    expect(first.status).toBe(200)

    const server = createHarness({ secrets, store, ...closed })
    const refresh = (refresh_token = '') =>
      token(server, { client_id: clientId, grant_type: 'refresh_token', refresh_token })
    const second = await refresh(first.body.refresh_token)
    expect(second.status).toBe(200)
    const revoked = await server.fetch('/oauth/revoke', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ client_id: clientId, token: second.body.refresh_token ?? '' }),
    })
    expect(revoked.status).toBe(200)
    expect((await refresh(second.body.refresh_token)).body.error).toBe('invalid_grant')
  })

  test('always sees the consent page as unverified, even for a trusted host [C-04 C-06 N27]', async () => {
    const server = createHarness({ secrets, trustedRedirects: ['claude.ai'], interstitial: false })
    const bySelf = { headers: { 'sec-fetch-site': 'none' } }
    const forged = await forge(0, [trusted])
    const page = await server.fetch(authorizePath(forged, newPkce(), { redirect_uri: trusted }), bySelf)
    expect(page.status).toBe(200)
    const text = await page.text()
    expect(text).toContain('not verified')
    expect(text).toContain('This app is not verified')
    // The operator's exception holds as for any client.
    const own = await register(server, { redirect_uris: [trusted] })
    const skipped = await server.fetch(authorizePath(own, newPkce(), { redirect_uri: trusted }), bySelf)
    expect(skipped.status).toBe(303)
  })
})
