import { describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  type Harness,
  newPkce,
  redirectUri,
  register,
  sealedRequest,
  TestBrowser,
  token,
} from '../../../dev/worlds/authorization-server.ts'
import { createDpopKey } from '../../../dev/worlds/dpop.ts'
import { sha256 } from '../../base/sha256.ts'

const key = await createDpopKey()

/** Pushes the usual request of a client. `changes` replace its parameters, or blank them. */
async function push(server: Harness, clientId: string, changes: Record<string, string> = {}, headers = {}) {
  const pkce = newPkce()
  const usual = new URL(authorizePath(clientId, pkce), server.issuer).searchParams
  const body = new URLSearchParams({ ...Object.fromEntries(usual), ...changes })
  const response = await server.fetch('/oauth/par', { method: 'POST', body, headers })
  const answer = await response.json()
  const uri: string = answer.request_uri
  const path = (client = clientId, more = {}) =>
    `/oauth/authorize?${new URLSearchParams({ client_id: client, request_uri: uri, ...more })}`
  return { status: response.status, headers: response.headers, answer, uri, path, pkce }
}

/** Approves on the consent page at a path, signs in, and returns where the browser is sent. */
async function approveAt(server: Harness, path: string, browser = new TestBrowser(server)): Promise<URL> {
  const page = await (await browser.open(path)).text()
  const upstream = new URL((await browser.press(page, 'approve')).headers.get('location') ?? '')
  const state = upstream.searchParams.get('state') ?? ''
  const back = await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'upstream-code' })}`)
  return new URL(back.headers.get('location') ?? '')
}

const redeem = (server: Harness, clientId: string, answer: URL, verifier: string) =>
  token(server, {
    grant_type: 'authorization_code',
    client_id: clientId,
    code: answer.searchParams.get('code') ?? '',
    code_verifier: verifier,
  })

describe('a pushed authorization request', () => {
  test('becomes a code like any other, with nothing in the store before [T-32]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const { status, headers, answer, path, pkce } = await push(server, clientId)
    expect(status).toBe(201)
    expect(answer).toEqual({
      request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:[\w.-]+$/),
      expires_in: 90,
    })
    expect(headers.get('cache-control')).toBe('no-store')
    const answered = await approveAt(server, path())
    expect((await server.store.list('', new AbortController().signal)).keys).toEqual([])
    expect(Object.fromEntries(answered.searchParams)).toMatchObject({ state: 'client state', iss: server.issuer })
    expect((await redeem(server, clientId, answered, pkce.verifier)).status).toBe(200)
  })

  test('counts alone: what else is in the URL changes nothing [T-32]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const { path, pkce } = await push(server, clientId)
    const more = { state: 'evil', redirect_uri: 'https://evil.example/cb', code_challenge: 'x'.repeat(43), scope: 'x' }
    const answered = await approveAt(server, path(clientId, more))
    expect(answered.href).toContain(redirectUri)
    expect(answered.searchParams.get('state')).toBe('client state')
    expect((await redeem(server, clientId, answered, pkce.verifier)).status).toBe(200)
  })

  test('is refused for another client, without a redirect [T-32]', async () => {
    const server = createHarness()
    const { path } = await push(server, await register(server))
    for (const other of [await register(server, { client_name: 'Another' }), '', 'https://evil.example/c.json']) {
      const response = await new TestBrowser(server).open(path(other))
      expect([response.status, response.headers.get('location')]).toEqual([400, null])
    }
  })

  test('that was changed, cut or made up is refused, without a redirect [T-32]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const { uri } = await push(server, clientId)
    const elsewhere = createHarness()
    const other = await push(elsewhere, await register(elsewhere))
    for (const request_uri of [`${uri}x`, uri.slice(0, -4), 'urn:ietf:params:oauth:request_uri:x', other.uri]) {
      const path = `/oauth/authorize?${new URLSearchParams({ client_id: clientId, request_uri })}`
      const response = await new TestBrowser(server).open(path)
      expect([response.status, response.headers.get('location')]).toEqual([400, null])
    }
  })

  test('expires when expires_in says [T-32]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const { path } = await push(server, clientId)
    server.clock += 89_000
    expect((await new TestBrowser(server).open(path())).status).toBe(200)
    server.clock += 1_000
    expect(await (await new TestBrowser(server).open(path())).text()).toContain('invalid_request_uri')
  })

  test('makes one grant of a user at most: a second code is refused, and ends nothing [N18 T-32]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const { path, pkce } = await push(server, clientId)
    const [first, second] = [await approveAt(server, path()), await approveAt(server, path())]
    const { status, body } = await redeem(server, clientId, first, pkce.verifier)
    expect(status).toBe(200)
    expect((await redeem(server, clientId, second, pkce.verifier)).body.error).toBe('invalid_grant')
    const refreshing = { grant_type: 'refresh_token', client_id: clientId, refresh_token: body.refresh_token ?? '' }
    expect((await token(server, refreshing)).status).toBe(200)
  })

  test('may be shown again, as when the user reloads the page [T-32]', async () => {
    const server = createHarness()
    const { path } = await push(server, await register(server))
    const browser = new TestBrowser(server)
    for (const _time of [1, 2]) expect(sealedRequest(await (await browser.open(path())).text())).not.toBe('')
  })

  test('may have a state of 4,096 characters', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const state = Array.from({ length: 512 }, (_, index) => `${index}`.padStart(8, 'x')).join('')
    const { uri, path } = await push(server, clientId, { state })
    expect(uri.length).toBeLessThan(8000)
    expect((await approveAt(server, path())).searchParams.get('state')).toBe(state)
  })

  test('is bound to the key of its proof, and a dpop_jkt must be of that key [P-01 T-32]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const proof = () => key.proof({ url: `${server.issuer}/oauth/par`, now: server.clock })
    const wrong = await push(server, clientId, { dpop_jkt: 'x'.repeat(43) }, { dpop: await proof() })
    expect([wrong.status, wrong.answer.error]).toEqual([400, 'invalid_dpop_proof'])
    const elsewhere = await key.proof({ url: `${server.issuer}/oauth/token`, now: server.clock })
    expect((await push(server, clientId, {}, { dpop: elsewhere })).answer.error).toBe('invalid_dpop_proof')
    const { path, pkce } = await push(server, clientId, {}, { dpop: await proof() })
    const answered = await approveAt(server, path())
    expect((await redeem(server, clientId, answered, pkce.verifier)).body.error).toBe('invalid_dpop_proof')
  })

  test.each<[string, Record<string, string>, string]>([
    ['another redirect URI', { redirect_uri: 'https://evil.example/cb' }, 'invalid_request'],
    ['no code challenge', { code_challenge: '' }, 'invalid_request'],
    ['the method plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
    ['another resource', { resource: 'https://evil.example/mcp' }, 'invalid_target'],
    ['a malformed scope', { scope: '"' }, 'invalid_scope'],
    ['prompt=none', { prompt: 'none' }, 'login_required'],
    ['a request object', { request: 'eyJ' }, 'request_not_supported'],
    ['a request_uri', { request_uri: 'urn:ietf:params:oauth:request_uri:x' }, 'invalid_request'],
    ['a state that is too long', { state: 'x'.repeat(4097) }, 'invalid_request'],
    ['another parameter that is huge', { more: 'x'.repeat(17_000) }, 'invalid_request'],
    ['no client', { client_id: '' }, 'invalid_request'],
    ['an unknown client', { client_id: 'x' }, 'invalid_client'],
  ])(
    'with %s is refused as JSON, like the same request at the authorization endpoint [T-32]',
    async (_what, changes, error) => {
      const server = createHarness()
      const { status, answer } = await push(server, await register(server), changes)
      expect([status, answer.error]).toEqual([error === 'invalid_client' ? 401 : 400, error])
    },
  )
})

describe('a client that must authenticate', () => {
  test('does so when it pushes, as at the token endpoint; its secret is not in the request_uri [T-32]', async () => {
    const server = createHarness()
    const response = await server.fetch('/oauth/register', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: [redirectUri], token_endpoint_auth_method: 'client_secret_post' }),
    })
    const { client_id, client_secret } = await response.json()
    expect((await push(server, client_id)).answer.error).toBe('invalid_client')
    expect((await push(server, client_id, { client_secret: 'wrong' })).answer.error).toBe('invalid_client')
    const { status, path } = await push(server, client_id, { client_secret })
    expect(status).toBe(201)
    expect((await approveAt(server, path())).searchParams.get('code')).not.toBeNull()
  })
})

describe('a client that registered require_pushed_authorization_requests [T-32]', () => {
  test('cannot begin without a push, and is told so', async () => {
    const server = createHarness()
    const clientId = await register(server, { require_pushed_authorization_requests: true })
    const browser = new TestBrowser(server)
    const refused = await browser.open(authorizePath(clientId, newPkce()))
    const told = new URL(refused.headers.get('location') ?? '').searchParams
    expect(told.get('error_description')).toBe('this client must push its requests')
    const { path, pkce } = await push(server, clientId)
    const answered = await approveAt(server, path())
    expect((await redeem(server, clientId, answered, pkce.verifier)).status).toBe(200)
  })
})

test('a request_uri that is not one of ours is never fetched [A-13]', async () => {
  const server = createHarness()
  const path = authorizePath(await register(server), newPkce(), { request_uri: 'https://evil.example/r' })
  const location = (await new TestBrowser(server).open(path)).headers.get('location')
  expect(location).toContain('error=request_uri_not_supported')
})

test('a client whose metadata document says that it proves itself cannot push a request without a proof [T-10]', async () => {
  const id = 'https://client.example/client.json'
  const client = { id, hash: sha256(id), source: 'metadata-document', redirectUris: [redirectUri], grantTypes: ['authorization_code'] } as const // biome-ignore format: one line
  const pushed = async (method: 'none' | 'private_key_jwt') => {
    const server = createHarness({ documents: { [id]: { ...client, authenticationMethods: [method] } } })
    const { status, answer } = await push(server, id)
    return [status, answer.error]
  }
  expect(await pushed('none')).toEqual([201, undefined])
  expect(await pushed('private_key_jwt')).toEqual([401, 'invalid_client'])
})
