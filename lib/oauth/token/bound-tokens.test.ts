import { decodeJwt } from 'jose'
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
  type TokenBody,
} from '../../../dev/worlds/authorization-server.ts'
import { createDpopKey, type DpopKey } from '../../../dev/worlds/dpop.ts'
import { keepSecret } from '../../../dev/worlds/secrets.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { createSealing } from '../keys/sealing.ts'
import { RefreshToken, refreshSealer, refreshTokenNames } from './refresh-token.ts'

const [key, thief] = await Promise.all([createDpopKey(), createDpopKey()])

type Answer = TokenBody & { readonly token_type?: string; readonly error_description?: string }

/** Signs a user in, and returns what the client needs to redeem its code and to refresh. */
async function world(
  server: Harness = createHarness(),
  { metadata = {}, request = {} }: { metadata?: object; request?: Record<string, string> } = {},
) {
  const clientId = await register(server, metadata)
  const pkce = newPkce()
  const code = (await signIn(new TestBrowser(server), clientId, pkce, request)).searchParams.get('code') ?? ''
  const url = `${server.issuer}/oauth/token`
  async function post(form: Record<string, string>, dpop: string | undefined) {
    const headers = dpop === undefined ? {} : { dpop }
    const body = new URLSearchParams({ client_id: clientId, ...form })
    const response = await server.fetch('/oauth/token', { method: 'POST', body, headers })
    const answer: Answer = await response.json()
    keepSecret(answer.access_token, answer.refresh_token)
    return { status: response.status, body: answer }
  }
  const proof = (of: DpopKey = key, changed = {}) => of.proof({ url, now: server.clock }, changed)
  const redeem = (dpop?: string) => post({ grant_type: 'authorization_code', code, code_verifier: pkce.verifier }, dpop)
  const refresh = (token = '', dpop?: string) => post({ grant_type: 'refresh_token', refresh_token: token }, dpop)
  const records = async () => {
    const { signal } = new AbortController()
    const { keys } = await server.store.list('grants/', signal)
    return Promise.all(keys.map(async (name) => (await server.store.get(name, signal))?.value))
  }
  return { server, clientId, proof, redeem, refresh, records }
}

const jktIn = (token: string | undefined) => decodeJwt(token ?? '').cnf

describe('a code that is redeemed with a proof [P-01 P-04 N11 T-29]', () => {
  test('binds the access token, the grant and every later token to the key', async () => {
    const { redeem, refresh, proof, records } = await world()
    const first = await redeem(await proof())
    expect(first).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    expect(jktIn(first.body.access_token)).toEqual({ jkt: key.jkt })
    expect(await records()).toEqual([expect.objectContaining({ jkt: key.jkt, generation: 0 })])
    const second = await refresh(first.body.refresh_token, await proof())
    expect(second).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    expect(jktIn(second.body.access_token)).toEqual({ jkt: key.jkt })
    expect(await records()).toEqual([expect.objectContaining({ jkt: key.jkt, generation: 1 })])
  })

  test('without a proof binds nothing', async () => {
    const { redeem, refresh, records } = await world()
    const first = await redeem()
    expect(first).toMatchObject({ status: 200, body: { token_type: 'Bearer' } })
    expect(decodeJwt(first.body.access_token ?? '')).not.toHaveProperty('cnf')
    expect(JSON.stringify(await records())).not.toContain('"jkt"')
    expect((await refresh(first.body.refresh_token)).body.token_type).toBe('Bearer')
  })

  test.each<[string, Record<string, unknown>]>([
    ['another method', { htm: 'GET' }],
    ['another endpoint', { htu: 'https://docs.example/mcp' }],
    ['another server', { htu: 'https://evil.example/oauth/token' }],
    ['ten minutes ago', { iat: Date.UTC(2026, 10, 21) / 1000 - 600 }],
    ['ten minutes from now', { iat: Date.UTC(2026, 10, 21) / 1000 + 600 }],
  ])('of %s is refused, and stays good', async (_what, changed) => {
    const { redeem, proof } = await world()
    expect(await redeem(await proof(key, changed))).toMatchObject({
      status: 400,
      body: { error: 'invalid_dpop_proof' },
    })
    expect((await redeem(await proof())).status).toBe(200)
  })

  test('and two proofs, or an empty one, is refused', async () => {
    const { redeem, proof } = await world()
    for (const header of [`${await proof()}, ${await proof()}`, '']) {
      expect((await redeem(header)).body.error).toBe('invalid_dpop_proof')
    }
  })
})

describe('a grant that is bound to a key [P-01 N11 T-29]', () => {
  test('is refreshed by no other key and without no proof, which spends nothing and ends nothing', async () => {
    const { redeem, refresh, proof, records } = await world()
    const { refresh_token: token } = (await redeem(await proof())).body
    const before = await records()
    for (const dpop of [undefined, await proof(thief), await proof(key, { htu: 'https://docs.example/mcp' })]) {
      const refused = await refresh(token, dpop)
      expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
    }
    expect(await records()).toEqual(before)
    expect((await refresh(token, await proof())).status).toBe(200)
  })

  test('is refreshed by parallel requests with one and the same successor', async () => {
    const { redeem, refresh, proof } = await world()
    const { refresh_token: token } = (await redeem(await proof())).body
    const answers = await Promise.all(Array.from({ length: 10 }, async () => refresh(token, await proof())))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
  })

  test('has refresh tokens that an older release does not open', async () => {
    const secrets = newSecrets()
    const server = createHarness({ secrets })
    const { redeem, proof } = await world(server)
    const { refresh_token: token = '' } = (await redeem(await proof())).body
    const sealing = createSealing(server.issuer, secrets)
    expect(sealing.deterministic('refresh-token', RefreshToken, { names: refreshTokenNames }).open(token)).toBeNull()
    expect(refreshSealer(sealing).open(token)?.carried?.jkt).toBe(key.jkt)
  })

  test('ends without a proof: to revoke is no use of it', async () => {
    const { server, clientId, redeem, refresh, proof } = await world()
    const { refresh_token: token = '' } = (await redeem(await proof())).body
    const body = new URLSearchParams({ client_id: clientId, token })
    expect((await server.fetch('/oauth/revoke', { method: 'POST', body })).status).toBe(200)
    expect((await refresh(token, await proof())).body.error).toBe('invalid_grant')
  })

  test('of a client with a secret may change its key, and cannot go back to Bearer', async () => {
    const server = createHarness({
      configured: [{ client_id: 'portal', redirect_uris: [redirectUri], client_secret_sha256: digestOfSecret }],
    })
    const pkce = newPkce()
    const code = (await signIn(new TestBrowser(server), 'portal', pkce)).searchParams.get('code') ?? ''
    const post = async (form: Record<string, string>, dpop?: string) => {
      const body = new URLSearchParams({ client_id: 'portal', client_secret: secret, ...form })
      const headers = dpop === undefined ? {} : { dpop }
      const answer = await server.fetch('/oauth/token', { method: 'POST', body, headers })
      return (await answer.json()) as Answer
    }
    const proof = (of: DpopKey) => of.proof({ url: `${server.issuer}/oauth/token`, now: server.clock })
    const form = { grant_type: 'authorization_code', code, code_verifier: pkce.verifier }
    const { refresh_token = '' } = await post(form, await proof(key))
    const refreshing = { grant_type: 'refresh_token', refresh_token }
    expect((await post(refreshing)).error).toBe('invalid_dpop_proof')
    const next = await post(refreshing, await proof(thief))
    expect(jktIn(next.access_token)).toEqual({ jkt: thief.jkt })
  })
})

const secret = 'a secret of the portal'
const digestOfSecret = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(secret))).toString('hex')

describe('a grant that is not bound [N11]', () => {
  test('stays unbound: a proof binds one access token, so no thief can lock the owner out', async () => {
    const { redeem, refresh, proof } = await world()
    const { refresh_token: token } = (await redeem()).body
    const stolen = await refresh(token, await proof(thief))
    expect(stolen).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    expect(jktIn(stolen.body.access_token)).toEqual({ jkt: thief.jkt })
    expect((await refresh(stolen.body.refresh_token)).body.token_type).toBe('Bearer')
  })
})

describe('a code that is bound to a key before it exists [P-01]', () => {
  test('is redeemed with that key only, and a wrong key does not spend it', async () => {
    const { redeem, proof } = await world(createHarness(), { request: { dpop_jkt: key.jkt } })
    for (const dpop of [undefined, await proof(thief)]) {
      expect((await redeem(dpop)).body.error).toBe('invalid_dpop_proof')
    }
    expect((await redeem(await proof())).status).toBe(200)
  })

  test('needs a thumbprint that is one', async () => {
    const server = createHarness()
    const page = await new TestBrowser(server).open(authorizePath(await register(server), newPkce(), { dpop_jkt: 'x' }))
    const answer = new URL(page.headers.get('location') ?? '')
    expect(answer.searchParams.get('error_description')).toContain('dpop_jkt')
  })
})

describe('a client that registered dpop_bound_access_tokens [P-04]', () => {
  const metadata = { dpop_bound_access_tokens: true }

  test('is told so, and gets no token without a proof', async () => {
    const server = createHarness()
    const response = await server.fetch('/oauth/register', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: [redirectUri], ...metadata }),
    })
    expect(await response.json()).toMatchObject(metadata)
    const { redeem, refresh, proof } = await world(server, { metadata })
    expect((await redeem()).body.error).toBe('invalid_dpop_proof')
    const { refresh_token: token } = (await redeem(await proof())).body
    expect((await refresh(token)).body.error).toBe('invalid_dpop_proof')
  })

  test('by its metadata document gets none either', async () => {
    const id = 'https://client.example/c.json'
    const hash = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(id))).toString('base64url')
    const server = createHarness({
      store: createMemoryStore(),
      documents: {
        [id]: {
          id,
          hash,
          source: 'metadata-document',
          redirectUris: [redirectUri],
          grantTypes: ['authorization_code', 'refresh_token'],
          authenticationMethods: ['none'],
          requires: ['dpop_bound_access_tokens'],
        },
      },
    })
    const pkce = newPkce()
    const code = (await signIn(new TestBrowser(server), id, pkce)).searchParams.get('code') ?? ''
    const form = { grant_type: 'authorization_code', client_id: id, code, code_verifier: pkce.verifier }
    const answer = await server.fetch('/oauth/token', { method: 'POST', body: new URLSearchParams(form) })
    expect(await answer.json()).toMatchObject({ error: 'invalid_dpop_proof' })
  })
})
