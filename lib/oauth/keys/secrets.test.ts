import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  type Harness,
  newPkce,
  newSecrets,
  register,
  TestBrowser,
  token,
} from '../../../dev/worlds/authorization-server.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { encryptedEnvelope, signedEnvelope } from './compact.ts'
import { createSealing } from './sealing.ts'
import { deriveKey, type Secrets } from './secrets.ts'

const { current: old } = newSecrets()
const { current: next } = newSecrets()
const using = (current: Uint8Array): Secrets => ({ current, previous: [], retired: [] })

/** The deploys of a rotation, in order. */
const before = using(old)
const announced: Secrets = { ...before, previous: [next] }
const swapped: Secrets = { ...using(next), previous: [old] }
const dropped: Secrets = { ...using(next), retired: [old] }

const steps = ['register', 'authorize', 'approve', 'callback', 'confirm', 'redeem', 'refresh', 'replay'] as const
type Step = (typeof steps)[number]

/** The instance that serves each step of a session: one up to any step and then the other, or both in turn. */
const routes = [0, 1].flatMap((start) => [
  ...steps.map((_, last) => steps.map((_, index) => (index > last ? 1 - start : start))),
  steps.map((_, index) => (start + index) % 2),
])

/** A redirect URI on an untrusted host, so that the sign-in has a confirmation too. */
const remote = 'https://app.example/callback'

type At = (step: Step) => Harness

async function codeBy(at: At) {
  const clientId = await register(at('register'), { redirect_uris: [remote] })
  const pkce = newPkce()
  // The browser of one user. Several instances behind one address serve it.
  let server = at('authorize')
  const browser = new TestBrowser({ ...server, fetch: (path, init) => server.fetch(path, init) })
  const page = await (await browser.open(authorizePath(clientId, pkce, { redirect_uri: remote }))).text()
  server = at('approve')
  const provider = new URL((await browser.press(page, 'approve')).headers.get('location') ?? '')
  server = at('callback')
  const state = provider.searchParams.get('state') ?? ''
  await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'upstream-code' })}`)
  server = at('confirm')
  const confirmed = await browser.open('/oauth/confirm', {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      origin: server.issuer,
      'sec-fetch-site': 'same-origin',
    },
    body: new URLSearchParams({ state, action: 'confirm' }),
  })
  const code = new URL(confirmed.headers.get('location') ?? 'none:').searchParams.get('code') ?? ''
  return {
    clientId,
    form: { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: pkce.verifier },
  }
}

const refreshAt = (server: Harness, client_id: string, refresh_token = '') =>
  token(server, { grant_type: 'refresh_token', client_id, refresh_token })

/** Two instances with one store. The first has created the signing key. */
async function pair(first: Secrets, second: Secrets) {
  const store = createMemoryStore()
  const servers = [createHarness({ secrets: first, store }), createHarness({ secrets: second, store })] as const
  const { form } = await codeBy(() => servers[0])
  expect((await token(servers[0], form)).status).toBe(200)
  return servers
}

test.each([
  ['encrypted', encryptedEnvelope],
  ['signed', signedEnvelope],
] as const)(
  'a value that is %s for one purpose opens only with the key of that purpose, whatever its header says [O-09 T-28]',
  (kind, envelope) => {
    const issuer = 'https://docs.example'
    const value = createSealing(issuer, before)[kind]('code', v.string()).seal('payload')
    const openedWith = (...of: Parameters<typeof deriveKey>) => envelope('code', [deriveKey(...of)]).open(value)
    expect(openedWith(old, issuer, 'code')?.plaintext.toString()).toBe('"payload"')
    expect(openedWith(old, issuer, 'transaction')).toBeNull()
    expect(openedWith(old, 'https://other.example', 'code')).toBeNull()
    expect(openedWith(next, issuer, 'code')).toBeNull()
  },
)

test('keys differ by purpose, issuer and secret, and the kid names only secret and issuer [O-09 O-16]', () => {
  const keys = [
    deriveKey(old, 'https://docs.example', 'code'),
    deriveKey(old, 'https://docs.example', 'transaction'),
    deriveKey(old, 'https://other.example', 'code'),
    deriveKey(next, 'https://docs.example', 'code'),
  ]
  expect(new Set(keys.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).size).toBe(4)
  expect(keys.map(({ bytes }) => bytes.length)).toEqual([32, 32, 32, 32])
  const [code, transaction, elsewhere, later] = keys.map(({ kid }) => kid)
  expect(code).toBe(transaction)
  expect(new Set([code, elsewhere, later]).size).toBe(3)
})

describe.each([
  ['only one instance knows the next secret', before, announced],
  ['only one instance seals with the next secret', announced, swapped],
  ['only one instance still knows the old secret', swapped, dropped],
])('while the secret changes and %s', (_when, one, other) => {
  test('a session works at either instance, and a repeated refresh gets the identical token [O-09 R-13 T-21]', async () => {
    const servers = await pair(one, other)
    for (const route of routes) {
      const at: At = (step) => servers[route[steps.indexOf(step)] ?? 0] ?? servers[0]
      const { clientId, form } = await codeBy(at)
      const first = await token(at('redeem'), form)
      const second = await refreshAt(at('refresh'), clientId, first.body.refresh_token)
      const again = await refreshAt(at('replay'), clientId, first.body.refresh_token)
      expect([first, second, again].map(({ status }) => status)).toEqual([200, 200, 200])
      expect(again.body.refresh_token).toBe(second.body.refresh_token)
    }
  })

  test.each([
    ['the one', one, other],
    ['the other', other, one],
  ])(
    '20 refreshes at once on both with a token of %s get one and the same new token [T-21]',
    async (_whose, ...both) => {
      const [own, foreign] = await pair(...both)
      const { clientId, form } = await codeBy(() => own)
      let refreshToken = (await token(own, form)).body.refresh_token
      for (let round = 0; round < 3; round++) {
        const racing = Array.from({ length: 20 }, (_, i) => refreshAt(i % 2 ? own : foreign, clientId, refreshToken))
        const answers = await Promise.all(racing)
        expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
        expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
        refreshToken = answers[0]?.body.refresh_token
      }
    },
  )

  test.each([
    ['the one', one, other],
    ['the other', other, one],
  ])(
    'a code that was spent at %s ends the grant when the other instance sees it again [T-13]',
    async (_whose, ...both) => {
      const [own, foreign] = await pair(...both)
      const { clientId, form } = await codeBy(() => own)
      const { body } = await token(own, form)
      expect((await token(foreign, form)).body.error).toBe('invalid_grant')
      expect((await refreshAt(own, clientId, body.refresh_token)).body.error).toBe('invalid_grant')
    },
  )
})

test('an instance that does not know the next secret refuses its values, so the operator must announce it first', async () => {
  const [late, early] = await pair(before, swapped)
  const known = await codeBy(() => late)
  const { body } = await token(early, known.form)
  expect((await refreshAt(late, known.clientId, body.refresh_token)).body.error).toBe('invalid_grant')
  const unknown = await codeBy(() => early)
  expect((await token(late, unknown.form)).body.error).toBe('invalid_client')
  // The client loses only the tokens that it discards itself.
  expect((await refreshAt(early, known.clientId, body.refresh_token)).status).toBe(200)
})

test('a retired secret authenticates no client: client secrets derive from the other secrets only [T-07]', () => {
  const derived = (secrets: Secrets) => createSealing('https://docs.example', secrets).secrets('client-secret')
  const leaked = derived(using(old)).of('a client')
  expect(derived({ ...using(next), previous: [old] }).matches('a client', leaked)).toBe(true)
  expect(derived(dropped).matches('a client', leaked)).toBe(false)
})
