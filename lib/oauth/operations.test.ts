import { describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  newPkce,
  newSecrets,
  redirectUri,
  register,
  sealedRequest,
  signIn,
  TestBrowser,
  token,
} from '../../dev/worlds/authorization-server.ts'
import { createMemoryStore } from '../store/memory.ts'
import { sweepGrants } from './grants/sweep.ts'

/** Runs the whole life of a grant: registered, denied, granted, redeemed, rotated, repeated, stolen. Returns all its secrets. */
async function life() {
  const store = createMemoryStore()
  const server = createHarness({ store })
  const clientId = await register(server)
  const browser = new TestBrowser(server)
  const page = await (await browser.open(authorizePath(clientId, newPkce()))).text()
  await browser.press(page, 'cancel')
  const pkce = newPkce()
  const code = (await signIn(browser, clientId, pkce)).searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: pkce.verifier }
  const first = (await token(server, form)).body
  const refresh = (refresh_token = '') =>
    token(server, { grant_type: 'refresh_token', client_id: clientId, refresh_token })
  const second = (await refresh(first.refresh_token)).body
  const third = (await refresh(second.refresh_token)).body
  await refresh(second.refresh_token)
  await refresh(first.refresh_token)
  const tokens = [first, second, third].flatMap((body) => [body.access_token ?? '', body.refresh_token ?? ''])
  const secrets = [...tokens, code, pkce.verifier, ...browser.cookies.values(), 'client state', 'upstream-code']
  return { server, store, clientId, secrets }
}

describe('the audit trail', () => {
  test('has one line for each step of a grant, in order [O-12]', async () => {
    const { server } = await life()
    const events = server.log.map(({ event }) => event).filter((event) => event !== 'signing_key_created')
    expect(events).toEqual([
      'client_registered',
      'authorization_asked',
      'consent_denied',
      'authorization_asked',
      'consent_granted',
      'code_issued',
      'code_redeemed',
      'refresh_rotated',
      'refresh_rotated',
      'refresh_repeated',
      'refresh_reused',
      'grant_revoked',
      'request_refused',
    ])
  })

  test('names clients and grants by hashes, users by this server’s ids, and contains no secret [O-12 O-02 A-11]', async () => {
    const { server, clientId, secrets } = await life()
    const text = JSON.stringify(server.log)
    for (const secret of [...secrets, clientId]) expect(text).not.toContain(secret.slice(-24))
    expect(text).not.toMatch(/reader@example|reader-1/)
    expect(server.log[0]?.fields).toEqual({ client: expect.stringMatching(/^[\w-]{43}$/) })
  })

  test('names a replayed code and the grant that it ended [O-12 T-13]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const pkce = newPkce()
    const code = (await signIn(new TestBrowser(server), clientId, pkce)).searchParams.get('code') ?? ''
    const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: pkce.verifier }
    await token(server, form)
    await token(server, form)
    const events = server.log.map(({ event }) => event).slice(-4)
    expect(events).toEqual(['code_redeemed', 'code_reused', 'grant_revoked', 'request_refused'])
  })
})

test('the sweep removes the grants of past months and no live grant [O-07 O-06]', async () => {
  const { server, store } = await life()
  const keys = async () => (await store.list('', AbortSignal.timeout(60_000))).keys
  const before = await keys()
  const sweep = (days: number) => sweepGrants(store, server.clock + days * 86_400_000, AbortSignal.timeout(60_000))
  expect(await sweep(180)).toEqual({ removed: 0, finished: true })
  expect(await keys()).toEqual(before)
  expect(await sweep(215)).toEqual({ removed: 1, finished: true })
  expect(await keys()).toEqual(before.filter((key) => !key.startsWith('grants/')))
})

test('a value that a preview sealed opens only there, even with the same secret and store [O-16 T-28]', async () => {
  const shared = { secrets: newSecrets(), store: createMemoryStore() }
  const preview = createHarness({ ...shared, issuer: 'https://deploy-preview-7--docs.netlify.app' })
  const production = createHarness({ ...shared, issuer: 'https://docs.example' })
  const clientId = await register(preview)
  const pkce = newPkce()
  const code = (await signIn(new TestBrowser(preview), clientId, pkce)).searchParams.get('code') ?? ''
  expect((await production.fetch(authorizePath(clientId, newPkce()))).status).toBe(400)
  const own = await register(production)
  const form = { grant_type: 'authorization_code', client_id: own, code, code_verifier: pkce.verifier }
  expect((await token(production, form)).body.error).toBe('invalid_grant')
  expect((await token(preview, { ...form, client_id: clientId })).status).toBe(200)
})

describe('a body that is too large is refused, whatever its content', () => {
  test.each([
    [16_384, 201, undefined],
    [16_385, 400, 'invalid_client_metadata'],
    [160_000, 400, 'invalid_client_metadata'],
  ])('a registration of %i bytes: %i [R-03 R-12 B8-19]', async (bytes, status, error) => {
    const start = JSON.stringify({ redirect_uris: [redirectUri], padding: '' }).slice(0, -2)
    const body = `${start}${'x'.repeat(bytes - start.length - 2)}"}`
    const headers = { 'content-type': 'application/json' }
    const response = await createHarness().fetch('/oauth/register', { method: 'POST', headers, body })
    expect([body.length, response.status, (await response.json()).error]).toEqual([bytes, status, error])
  })

  test('a token request and an approval: refused at 32 KB and a byte, accepted at 32 KB [T-01 C-08]', async () => {
    const server = createHarness()
    const clientId = await register(server)
    const browser = new TestBrowser(server)
    const origin = server.issuer
    const padded = (form: Record<string, string>, bytes: number) => {
      const start = `${new URLSearchParams(form)}&padding=`
      return start + 'x'.repeat(bytes - start.length)
    }
    const post = (path: string, body: string) =>
      browser.open(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin },
        body,
      })
    const page = await (await browser.open(authorizePath(clientId, newPkce()))).text()
    const approval = { request: sealedRequest(page), action: 'approve' }
    const pkce = newPkce()
    const code = (await signIn(browser, clientId, pkce)).searchParams.get('code') ?? ''
    const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: pkce.verifier }
    for (const [path, fields, taken] of [
      ['/oauth/approve', approval, 303],
      ['/oauth/token', form, 200],
    ] as const) {
      const refused = await post(path, padded(fields, 32_769))
      expect([refused.status, refused.headers.get('location'), refused.headers.getSetCookie()]).toEqual([400, null, []])
      expect((await post(path, padded(fields, 32_768))).status).toBe(taken)
    }
  })
})

test('the store contains no token, code, cookie or secret, and no private key in clear [O-02]', async () => {
  const { store, clientId, secrets } = await life()
  const { keys } = await store.list('', AbortSignal.timeout(60_000))
  const records = await Promise.all(keys.map(async (key) => [key, await store.get(key, AbortSignal.timeout(60_000))]))
  const text = JSON.stringify(records)
  expect(keys.length).toBeGreaterThan(1)
  for (const secret of [...secrets, clientId]) expect(text).not.toContain(secret.slice(-24))
  expect(text).not.toMatch(/"(?:d|p|q|dp|dq|qi)":/)
})
