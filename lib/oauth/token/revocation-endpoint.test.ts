import { beforeAll, describe, expect, test } from 'vitest'
import {
  createHarness,
  type Harness,
  newPkce,
  newSecrets,
  register,
  signIn,
  TestBrowser,
  token,
} from '../../../dev/worlds/authorization-server.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { defaultBrand } from '../../pages/brand.ts'
import { docsScopes } from '../../settings/docs-resource.ts'
import { StoreUnavailable } from '../../store/store.ts'
import { createAuthorizationServer } from '../authorization-server.ts'
import type { ClientAuthenticationMethod } from '../clients/client.ts'
import { OAuthError } from '../errors.ts'
import { createGrants, type Grants } from '../grants/grants.ts'
import type { IssuedToken } from './issued-tokens.ts'
import { revoke } from './revocation-endpoint.ts'

const { signal } = new AbortController()

/** Makes a session at one instance. */
async function sessionAt(server: Harness) {
  const clientId = await register(server)
  const pkce = newPkce()
  const code = (await signIn(new TestBrowser(server), clientId, pkce)).searchParams.get('code') ?? ''
  const form = { client_id: clientId, grant_type: 'authorization_code', code, code_verifier: pkce.verifier }
  const { access_token: access = '', refresh_token: refresh = '' } = (await token(server, form)).body
  return { clientId, access, refresh }
}

const post = (server: Harness, form: Record<string, string>) =>
  server.fetch('/oauth/revoke', { method: 'POST', body: new URLSearchParams(form) })

async function isRevoked(server: Harness): Promise<boolean> {
  const { keys } = await server.store.list('grants/', signal)
  const records = await Promise.all(keys.map((key) => server.store.get(key, signal)))
  return records.some((record) => record?.value.revokedAt !== undefined)
}

describe('a token whose key this instance does not know', () => {
  test('makes the instance read the keys again [T-26]', async () => {
    const secrets = newSecrets()
    const server = createHarness({ secrets })
    await sessionAt(server)
    // The key is removed by hand. An instance that starts now creates the next one, while the first keeps its copy.
    const { keys } = await server.store.list('signing-keys/', signal)
    await Promise.all(keys.map((key) => server.store.remove(key, signal)))
    const { clientId, access } = await sessionAt(createHarness({ secrets, store: server.store }))
    expect((await post(server, { client_id: clientId, token: access })).status).toBe(200)
    expect(await isRevoked(server)).toBe(true)
  })

  test('gives a 503 while the store is down [T-26]', async () => {
    const server = createHarness()
    const { clientId, access } = await sessionAt(server)
    const down = createHarness({ store: { ...server.store, get: () => Promise.reject(new StoreUnavailable('down')) } })
    const id = await register(down)
    expect((await post(down, { client_id: id, token: access })).status).toBe(503)
    expect((await post(down, { client_id: id, token: clientId })).status).toBe(200)
  })
})

describe('a token that has expired', () => {
  test('ends nothing, not even its own live grant [T-26]', async () => {
    const server = createHarness()
    const { clientId, access, refresh } = await sessionAt(server)
    server.clock += 3_600_000
    expect((await post(server, { client_id: clientId, token: access })).status).toBe(200)
    expect(await isRevoked(server)).toBe(false)
    server.clock += 30 * 86_400_000
    expect((await post(server, { client_id: clientId, token: refresh })).status).toBe(200)
    expect(await isRevoked(server)).toBe(false)
  })
})

describe('a client that authenticated for its tokens', () => {
  let server: Harness
  let grant: string
  let grants: Grants

  beforeAll(async () => {
    server = createHarness()
    await sessionAt(server)
    const { keys } = await server.store.list('grants/', signal)
    grant = keys[0] ?? ''
    const stored = await server.store.get(grant, signal)
    await server.store.put(grant, { ...stored?.value, authenticationMethod: 'client_secret_basic' }, signal)
    grants = createGrants({ store: server.store, now: () => server.clock, grace: 60, log: recorded() })
  })

  /** Makes a client that authenticated with this method, and an access token of its grant. */
  const revokeBy = (method: ClientAuthenticationMethod, spend = async () => {}) => {
    const client = { id: 'client', hash: 'hash', method, grantTypes: undefined, isBlockedAt: () => false, spend }
    const issued: IssuedToken = { kind: 'refresh', grant, clientHash: 'hash' }
    const request = new Request(`${server.issuer}/oauth/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: 'token' }),
    })
    const options = { authentication: { authenticate: async () => client }, openToken: async () => issued, grants }
    return revoke(request, options, { signal })
  }

  test('must authenticate to revoke them [T-26 T-10]', async () => {
    await expect(revokeBy('none')).rejects.toMatchObject({ code: 'invalid_client' })
    expect(await isRevoked(server)).toBe(false)
  })

  test('spends its assertion before the grant ends [T-26 T-09]', async () => {
    const used = new OAuthError('invalid_client', 'used before')
    await expect(revokeBy('private_key_jwt', () => Promise.reject(used))).rejects.toBe(used)
    expect(await isRevoked(server)).toBe(false)
    const spent: boolean[] = []
    await revokeBy('private_key_jwt', async () => void spent.push(await isRevoked(server)))
    expect([spent, await isRevoked(server)]).toEqual([[false], true])
    // Revoking an ended grant spends no assertion.
    await revokeBy('private_key_jwt', () => Promise.reject(used))
  })
})

test('without settings, revocation and introspection answer 503', async () => {
  const server = (introspectionOn: boolean) =>
    createAuthorizationServer(
      {
        issuer: 'https://docs.example',
        resource: 'https://docs.example/mcp',
        scopes: docsScopes,
        brand: defaultBrand,
        documentationUrl: 'https://docs.example',
        publicKeys: async () => ({ keys: [] }),
        introspectionOn,
        log: recorded(),
      },
      null,
    )
  const ask = async (path: string, introspectionOn = true) => {
    const request = new Request(`https://docs.example${path}`, { method: 'POST' })
    const call = { signal, requestId: 'request-1', waitUntil: () => undefined }
    const response = await server(introspectionOn).fetch(request, call)
    return [response.status, response.headers.has('retry-after')]
  }
  expect(await ask('/oauth/revoke')).toEqual([503, true])
  expect(await ask('/oauth/introspect')).toEqual([503, true])
  expect(await ask('/oauth/introspect', false)).toEqual([404, false])
})
