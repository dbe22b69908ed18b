import { createHash } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  type Harness,
  newPkce,
  newSecrets,
  redirectUri,
  register,
  signIn,
  TestBrowser,
  token,
} from '../../../dev/worlds/authorization-server.ts'
import { defined } from '../../base/defined.ts'
import { sha256 } from '../../base/sha256.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { StoreUnavailable } from '../../store/store.ts'
import type { Client } from '../clients/client.ts'
import { signOnMainThread } from '../keys/compact.ts'

/** A client of the operator's configuration that gets no refresh tokens. */
const codeOnly = { client_id: 'portal', redirect_uris: [redirectUri], grant_types: ['authorization_code'] }

const { signal: seconds } = new AbortController()

/** Makes one sign-in, and returns its tokens and the records that it left behind. */
async function session(
  server: Harness = createHarness(),
  metadata: { readonly client_id?: string; readonly [name: string]: unknown } = {},
) {
  const clientId = metadata.client_id ?? (await register(server, metadata))
  const pkce = newPkce()
  const code = (await signIn(new TestBrowser(server), clientId, pkce)).searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: pkce.verifier }
  const { body } = await token(server, form)
  const refresh = (more: Record<string, string> = {}) =>
    token(server, {
      grant_type: 'refresh_token',
      client_id: clientId,
      refresh_token: body.refresh_token ?? '',
      ...more,
    })
  return { server, clientId, form, body, refresh }
}

async function stored(server: Harness): Promise<string> {
  const { keys } = await server.store.list('', seconds)
  return JSON.stringify(await Promise.all(keys.map(async (key) => [key, await server.store.get(key, seconds)])))
}

function post(server: Harness, form: Record<string, string>, headers: Record<string, string> = {}) {
  return server.fetch('/oauth/token', { method: 'POST', body: new URLSearchParams(form), headers })
}

test('the server says whether it answers several token requests when it chooses how to sign', async () => {
  const several: boolean[] = []
  const chooseSigning = (others: boolean) => {
    several.push(others)
    return signOnMainThread
  }
  const { server, refresh } = await session(createHarness({ chooseSigning }))
  await post(server, { grant_type: 'authorization_code' })
  await refresh()
  expect(several).toEqual([false, false])
  await Promise.all([refresh(), refresh(), refresh()])
  expect(several.slice(2)).toContain(true)
  await refresh()
  expect(several.at(-1)).toBe(false)
})

describe('an access token', () => {
  test('is a JWT of RFC 9068 for one audience, without a trace of the OpenID Provider [T-17 T-16 D-03 F-09]', async () => {
    const { server, body, clientId } = await session()
    expect(decodeProtectedHeader(body.access_token ?? '')).toEqual({
      alg: 'RS256',
      typ: 'at+jwt',
      kid: expect.any(String),
    })
    const claims = decodeJwt(body.access_token ?? '')
    expect(Object.keys(claims).sort()).toEqual(
      [
        ...['attempt', 'aud', 'client_id', 'exp', 'grant', 'iat', 'iss', 'jti', 'scope', 'sub'],
        ...['email', 'email_verified', 'org_id', 'org_name'],
      ].sort(),
    )
    expect(claims).toMatchObject({ iss: server.issuer, aud: `${server.issuer}/mcp`, client_id: clientId })
    expect(JSON.stringify(claims)).not.toMatch(/reader-1|login\.example/)
  })

  test('names the user by an id that no client_id can equal [T-18 F-07]', async () => {
    const { server, body, clientId } = await session()
    const { sub } = decodeJwt(body.access_token ?? '')
    expect(sub).toMatch(/^u_[\w-]{43}$/)
    expect(clientId).toMatch(/^eyJ/)
    expect((await server.fetch(authorizePath(sub ?? '', newPkce()))).status).toBe(400)
  })

  test('never outlives its grant [T-15 T-23]', async () => {
    const { server, form, refresh } = await session()
    let current = (await refresh()).body
    expect(current.expires_in).toBe(3600)
    const days = 86_400_000
    for (let i = 0; i < 6; i++) {
      server.clock += 29 * days
      current = (await refresh({ refresh_token: current.refresh_token ?? '' })).body
    }
    server.clock += 6 * days - 600_000
    current = (await refresh({ refresh_token: current.refresh_token ?? '', client_id: form.client_id })).body
    expect(current.expires_in).toBe(600)
  })
})

test.each([
  [-1, 200, undefined],
  [0, 400, 'invalid_grant'],
  [1, 400, 'invalid_grant'],
])('a refresh token %d ms from the end of its 30 days: %d %s [T-15]', async (milliseconds, status, error) => {
  const { server, refresh } = await session()
  server.clock += 30 * 86_400_000 + milliseconds
  const answer = await refresh()
  expect([answer.status, answer.body.error]).toEqual([status, error])
})

describe('an answer', () => {
  test('is never cached, and scripts of any origin may read it, even if it is an error [T-02 T-03]', async () => {
    const { server, form } = await session()
    for (const response of [
      await post(server, form),
      await post(server, {}),
      await post(server, { ...form, code: '' }),
    ]) {
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'application/json',
        'cache-control': 'no-store',
        pragma: 'no-cache',
        'access-control-allow-origin': '*',
        'access-control-expose-headers': expect.stringContaining('WWW-Authenticate'),
      })
    }
  })

  test('has no member that is null, and no unrequested member [T-04 T-19]', async () => {
    const withRefresh = await session()
    expect(Object.keys(withRefresh.body)).toEqual([
      'access_token',
      'token_type',
      'expires_in',
      'scope',
      'refresh_token',
    ])
    const without = await session(createHarness({ configured: [codeOnly] }), { client_id: codeOnly.client_id })
    expect(Object.keys(without.body)).toEqual(['access_token', 'token_type', 'expires_in', 'scope'])
    const server = createHarness()
    server.identity = { issuer: 'https://login.example/', sub: 'nobody' }
    expect(JSON.stringify(decodeJwt((await session(server)).body.access_token ?? ''))).not.toContain('null')
  })

  test('to a client with an Authorization header is a 401 with a challenge, also for a malformed header [T-05 T-07]', async () => {
    const { server, form } = await session()
    const guess = Buffer.from(`${form.client_id}:an unknown secret`).toString('base64')
    for (const authorization of [
      'Basic',
      'Basic %%%',
      `Basic ${guess}`,
      `Bearer x, Basic ${guess}`,
      'Bearer x, Basic',
    ]) {
      const response = await post(server, form, { authorization })
      expect([response.status, (await response.json()).error]).toEqual([401, 'invalid_client'])
      expect(response.headers.get('www-authenticate')).toBe('Basic realm="oauth"')
    }
    const unknown = await post(server, { ...form, client_id: 'nobody' })
    expect([unknown.status, unknown.headers.get('www-authenticate')]).toEqual([401, null])
  })
})

test.each([
  ['one character too short', 'v'.repeat(42)],
  ['one character too long', 'v'.repeat(129)],
  ['with a forbidden character', `${'v'.repeat(42)}+`],
  ['of a few letters', 'guess'],
])('a code_verifier %s is refused even if the challenge was made from it [T-12]', async (_what, verifier) => {
  const server = createHarness()
  const clientId = await register(server)
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const location = await signIn(new TestBrowser(server), clientId, { verifier, challenge })
  const code = location.searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: verifier }
  expect(await token(server, form)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
})

describe('a store that is down', () => {
  test('gives a 503 with Retry-After, never invalid_grant, and ends no session [T-05 T-06]', async () => {
    const memory = createMemoryStore()
    let down = false
    const failing = () => Promise.reject(new StoreUnavailable('down'))
    const server = createHarness({
      store: {
        ...memory,
        create: (...args) => (down ? failing() : memory.create(...args)),
        replace: (...args) => (down ? failing() : memory.replace(...args)),
        get: (...args) => (down ? failing() : memory.get(...args)),
      },
    })
    const { form, refresh, body, clientId } = await session(server)
    const another = await session(server)
    down = true
    const refreshing = { grant_type: 'refresh_token', client_id: clientId, refresh_token: body.refresh_token ?? '' }
    for (const request of [refreshing, form]) {
      const response = await post(server, request)
      expect([response.status, (await response.json()).error]).toEqual([503, 'temporarily_unavailable'])
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    down = false
    expect([(await refresh()).status, (await another.refresh()).status]).toEqual([200, 200])
  })
})

describe('a refresh token', () => {
  test('is refused for another client, and stays valid for its own client [T-20 A24]', async () => {
    const { server, refresh } = await session()
    const other = await register(server, { client_name: 'Other' })
    const before = await stored(server)
    for (const client_id of [other, 'https://other.example/client.json']) {
      expect((await refresh({ client_id })).body.error).toBe('invalid_grant')
    }
    expect((await refresh({ client_id: 'nobody' })).body.error).toBe('invalid_client')
    expect(await stored(server)).toBe(before)
    expect((await refresh()).status).toBe(200)
  })

  test('for another resource: invalid_target, and nothing is rotated [T-20 A12]', async () => {
    const { server, refresh } = await session()
    const before = await stored(server)
    expect((await refresh({ resource: 'https://other.example/mcp' })).body.error).toBe('invalid_target')
    expect(await stored(server)).toBe(before)
    expect((await refresh({ resource: `${server.issuer}/mcp` })).status).toBe(200)
  })

  test('is refused for a client that the operator configured without it: unauthorized_client [T-24 T-19]', async () => {
    const { refresh } = await session(createHarness({ configured: [codeOnly] }))
    expect((await refresh({ client_id: codeOnly.client_id })).body.error).toBe('unauthorized_client')
    expect((await refresh()).status).toBe(200)
  })

  test.each([undefined, 'offline_access', 'docs:read offline_access'])(
    'is not issued to such a client even if it asks for the scope %s [T-19]',
    async (scope) => {
      const server = createHarness({ configured: [codeOnly] })
      const pkce = newPkce()
      const client_id = codeOnly.client_id
      const back = await signIn(new TestBrowser(server), client_id, pkce, defined({ scope }))
      const code = back.searchParams.get('code') ?? ''
      const form = { client_id, code, code_verifier: pkce.verifier, grant_type: 'authorization_code' }
      const { status, body } = await token(server, form)
      expect([status, 'refresh_token' in body]).toEqual([200, false])
    },
  )

  test.each([
    ['names the code alone', { grant_types: ['authorization_code'] }, undefined],
    ['names the code alone, and asks for offline_access', { grant_types: ['authorization_code'] }, 'offline_access'],
    ['asks for offline_access too', { grant_types: ['authorization_code'] }, 'docs:read offline_access'],
    ['names nothing', {}, undefined],
    ['names an unknown grant type too', { grant_types: ['implicit', 'authorization_code'] }, 'docs:read'],
  ])('is issued to a client that %s [T-19]', async (_what, metadata, scope) => {
    const server = createHarness()
    const clientId = await register(server, metadata)
    const pkce = newPkce()
    const back = await signIn(new TestBrowser(server), clientId, pkce, defined({ scope }))
    const code = back.searchParams.get('code') ?? ''
    const form = { client_id: clientId, code, code_verifier: pkce.verifier, grant_type: 'authorization_code' }
    const { body } = await token(server, form)
    expect(body).toMatchObject({ scope: 'docs:read', refresh_token: expect.any(String) })
    const refreshToken = { refresh_token: body.refresh_token ?? '', grant_type: 'refresh_token' }
    expect(await token(server, { client_id: clientId, ...refreshToken })).toMatchObject({ status: 200 })
  })

  test('keeps working after the metadata document of its client is gone [M-13 T-06]', async () => {
    const id = 'https://client.example/client.json'
    const client: Client = {
      id,
      hash: sha256(id),
      source: 'metadata-document',
      redirectUris: [redirectUri],
      grantTypes: ['authorization_code', 'refresh_token'],
      authenticationMethods: ['none'],
    }
    const documents: Record<string, Client> = { [id]: client }
    const server = createHarness({ documents })
    const pkce = newPkce()
    const code = (await signIn(new TestBrowser(server), id, pkce)).searchParams.get('code') ?? ''
    delete documents[id]
    expect((await server.fetch(authorizePath(id, newPkce()))).status).toBe(400)
    const form = { grant_type: 'authorization_code', client_id: id, code, code_verifier: pkce.verifier }
    const { body } = await token(server, form)
    const refreshing = { grant_type: 'refresh_token', client_id: id, refresh_token: body.refresh_token ?? '' }
    expect((await token(server, refreshing)).status).toBe(200)
  })
})

test.each([
  'password',
  'implicit',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  '__proto__',
  'constructor',
])('grant type %s: unsupported_grant_type [T-24]', async (grant_type) => {
  const { server, form } = await session()
  expect(await token(server, { ...form, grant_type })).toMatchObject({
    status: 400,
    body: { error: 'unsupported_grant_type' },
  })
})

test('a client_id opens under a previous and under a retired secret, a refresh token only under a previous one [R-13 O-09]', async () => {
  const old = newSecrets()
  const store = createMemoryStore()
  const before = await session(createHarness({ secrets: old, store }))
  const next = newSecrets()
  const refreshing = {
    grant_type: 'refresh_token',
    client_id: before.clientId,
    refresh_token: before.body.refresh_token ?? '',
  }
  const leaked = createHarness({ secrets: { ...next, retired: [old.current] }, store })
  expect((await leaked.fetch(authorizePath(before.clientId, newPkce()))).status).toBe(200)
  expect((await token(leaked, refreshing)).body.error).toBe('invalid_grant')
  const rotated = createHarness({ secrets: { ...next, previous: [old.current] }, store })
  expect((await rotated.fetch(authorizePath(before.clientId, newPkce()))).status).toBe(200)
  expect((await token(rotated, refreshing)).status).toBe(200)
})
