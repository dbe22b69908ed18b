import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestIssuer, type TestIssuer } from '../../../dev/worlds/issuer.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { keepSecret } from '../../../dev/worlds/secrets.ts'
import { sha256 } from '../../base/sha256.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { StoreUnavailable } from '../../store/store.ts'
import { subjectOf } from '../grants/record.ts'
import { createGlobalRevocation, revocationType } from './global-revocation.ts'
import { createVerifyToken } from './issuer.ts'
import type { Reached, Revoker } from './revoker.ts'
import { createUsedTokens, usedTokens } from './used-tokens.ts'

let okta: TestIssuer
let stranger: TestIssuer
beforeAll(async () => {
  ;[okta, stranger] = await Promise.all([startTestIssuer(), startTestIssuer()])
})
afterAll(() => Promise.all([okta.stop(), stranger.stop()]))

const endpoint = 'https://docs.example/oauth/global-token-revocation'
const people = 'https://login.example/'
const token = 'Th3-token-of-the-security-team-0123456789'
keepSecret(token)
const { signal } = new AbortController()
const ofAda = { format: 'iss_sub', iss: people, sub: 'ada' }
const adasIds = ['https://login.example', people].map((iss) => subjectOf(iss, 'ada'))

function world() {
  const it = {
    now: Date.UTC(2026, 10, 30, 12),
    isDown: false,
    limited: false,
    ended: [] as { reached: Reached; by: string; at: number }[],
    logged: [] as { event: string; fields: object | undefined }[],
  }
  const store = createMemoryStore()
  const now = () => it.now
  const revokers: readonly Revoker[] = [
    { name: 'okta', issuer: okta.issuer, people, domains: new Set(['example.com']) },
    {
      name: 'tenant',
      issuer: 'https://tenant.example',
      people: 'https://tenant.example',
      domains: new Set(['tenant.example']),
    },
    { name: 'soc', tokenHash: sha256(token), people, domains: new Set() },
  ]
  const verifiers = new Map(
    revokers.flatMap((revoker) => {
      const { issuer } = revoker
      const expected = { type: revocationType, issuer: issuer ?? '', audiences: [endpoint] }
      return issuer === undefined ? [] : [[revoker, createVerifyToken(expected, now)] as const]
    }),
  )
  const revoke = createGlobalRevocation({
    revokers,
    verifiers,
    use: createUsedTokens(store, now),
    limit: async () => (it.limited ? { limited: true, retryAfter: 7 } : null),
    async end(reached, { name: by }, at) {
      if (it.isDown) throw new StoreUnavailable('down')
      it.ended.push({ reached, by, at })
      return { grants: 1 }
    },
    now,
    log: recorded((name, fields) => it.logged.push({ event: name, fields })),
  })
  let jti = 0
  const seconds = () => Math.floor(it.now / 1000)
  const claims = (more: object = {}): JWTPayload => {
    jti += 1
    const times = { nbf: seconds() - 300, iat: seconds(), exp: seconds() + 300 }
    return { iss: okta.issuer, aud: endpoint, sub: 'our-client-there', ...times, jti: `j-${jti}`, ...more }
  }
  const sign = (more: object = {}, header: object = { typ: revocationType }) => okta.sign(claims(more), header)
  function send(credential: string | undefined, body: unknown, headers: Record<string, string> = {}) {
    const authorization = credential === undefined ? {} : { authorization: `Bearer ${credential}` }
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }
    return revoke(new Request(endpoint, init), { signal })
  }
  return Object.assign(it, { store, revoke, claims, sign, send })
}

describe('a revocation', () => {
  test.each([
    ['a JWT of Okta', 'okta', (it: ReturnType<typeof world>) => it.sign()],
    ['a bearer token', 'soc', async () => token],
  ] as const)('by %s ends the person, and is answered 204', async (_, by, credential) => {
    const it = world()
    const answer = await it.send(await credential(it), { sub_id: ofAda })
    expect([answer.status, await answer.text(), answer.headers.get('cache-control')]).toEqual([204, '', 'no-store'])
    expect(it.ended).toEqual([{ reached: { subs: adasIds }, by, at: it.now }])
  })

  test('of an unknown person is answered the same [N4]', async () => {
    const it = world()
    const answer = await it.send(await it.sign(), { sub_id: { ...ofAda, sub: 'nobody' } })
    expect([answer.status, await answer.text()]).toEqual([204, ''])
  })

  test('by address, by our own id, and in the form of older drafts', async () => {
    const it = world()
    const email = { format: 'email', email: 'Ada@Example.com' }
    const opaque = { format: 'opaque', id: `u_${'x'.repeat(43)}` }
    for (const body of [{ sub_id: email }, { subject: ofAda }, { sub_id: opaque, reason: 'left' }]) {
      expect((await it.send(await it.sign(), body)).status).toBe(204)
    }
    expect(it.ended.map(({ reached }) => reached)).toEqual([
      { email: 'Ada@Example.com' },
      { subs: adasIds },
      { id: opaque.id },
    ])
  })

  test('by the same JWT again does nothing new; for another person it is refused [N4]', async () => {
    const it = world()
    const jwt = await it.sign()
    const statuses = async (...bodies: object[]) => {
      const answers = await Promise.all(bodies.map((body) => it.send(jwt, body)))
      return answers.map(({ status }) => status)
    }
    expect(await statuses({ sub_id: ofAda })).toEqual([204])
    it.now += 60_000
    expect(await statuses({ sub_id: ofAda }, { sub_id: { ...ofAda, sub: 'ben' } })).toEqual([204, 401])
    expect(it.ended).toHaveLength(1)
  })

  test('that the store interrupts is answered 503, and the same JWT continues with the time of its first use', async () => {
    const it = world()
    const jwt = await it.sign()
    it.isDown = true
    const answer = await it.send(jwt, { sub_id: ofAda })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
    const first = it.now
    it.isDown = false
    it.now += 30_000
    expect((await it.send(jwt, { sub_id: ofAda })).status).toBe(204)
    expect(it.ended).toMatchObject([{ at: first }])
  })

  test('over the limit of its service is answered 429, and spends no JWT', async () => {
    const it = world()
    it.limited = true
    const answer = await it.send(await it.sign(), { sub_id: ofAda })
    expect([answer.status, answer.headers.get('retry-after'), it.ended]).toEqual([429, '7', []])
    expect((await it.store.list(`${usedTokens}/`, signal)).keys).toEqual([])
  })
})

describe('a service does not reach', () => {
  test.each([
    ['people of another issuer', { format: 'iss_sub', iss: 'https://tenant.example', sub: 'ada' }],
    ['people of an issuer that begins the same', { format: 'iss_sub', iss: `${people}.evil.example`, sub: 'ada' }],
    ['addresses of a domain that is not its own', { format: 'email', email: 'ada@tenant.example' }],
    ['addresses of a domain below its own', { format: 'email', email: 'ada@more.example.com' }],
    ['addresses whose domain only ends the same', { format: 'email', email: 'ada@evilexample.com' }],
  ])('%s: 403 [N4]', async (_, sub_id) => {
    const it = world()
    const answer = await it.send(await it.sign(), { sub_id })
    expect([answer.status, it.ended]).toEqual([403, []])
  })

  test('anyone by address without domains of its own: 403', async () => {
    const it = world()
    expect((await it.send(token, { sub_id: { format: 'email', email: 'ada@example.com' } })).status).toBe(403)
  })
})

type Credential = (it: ReturnType<typeof world>) => Promise<string> | string | undefined
const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const wrong: Record<string, Credential> = {
  none: () => undefined,
  'an empty one': () => '',
  'a guess': () => 'Th3-token-of-the-security-team-0123456780',
  'the hash of the right one': () => sha256(token),
  'no signature (alg none)': (it) => new UnsecuredJWT(it.claims()).encode(),
  'HS256 with the public key': (it) => {
    const pem = createPublicKey({ format: 'jwk', key: okta.publicJwk }).export({ type: 'spki', format: 'pem' })
    return new SignJWT(it.claims()).setProtectedHeader({ alg: 'HS256', kid: 'k' }).sign(Buffer.from(pem))
  },
  'the signature of another key': (it) =>
    new SignJWT(it.claims()).setProtectedHeader({ alg: 'RS256', kid: 'k', typ: revocationType }).sign(other),
  'a JWT of an unknown issuer': (it) => stranger.sign(it.claims({ iss: stranger.issuer })),
  'a JWT of an unknown issuer under the name of a known one': (it) => stranger.sign(it.claims()),
  'a JWT for another service': (it) => it.sign({ aud: 'https://other.example/oauth/global-token-revocation' }),
  'a JWT for our token endpoint': (it) => it.sign({ aud: 'https://docs.example/oauth/token' }),
  'an expired JWT': (it) => it.sign({ iat: it.now / 1000 - 400, exp: it.now / 1000 - 100 }),
  'a JWT of the future': (it) => it.sign({ iat: it.now / 1000 + 600, exp: it.now / 1000 + 900 }),
  'a JWT without an id': (it) => it.sign({ jti: undefined }),
  'a JWT without an end': (it) => it.sign({ exp: undefined }),
  'a logout token': (it) => it.sign({}, { typ: 'logout+jwt' }),
  'an access token': (it) => it.sign({}, { typ: 'at+jwt' }),
}

describe('a credential', () => {
  test.each(Object.entries(wrong))('%s is answered 401, without the store', async (_, credential) => {
    const it = world()
    const shown = await credential(it)
    if (shown !== undefined) keepSecret(shown)
    const answer = await it.send(shown, { sub_id: ofAda })
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      401,
      shown ? 'Bearer error="invalid_token"' : 'Bearer',
    ])
    expect([it.ended, (await it.store.list('', signal)).keys]).toEqual([[], []])
  })

  test('in the body, in the query or as Basic is none', async () => {
    const it = world()
    const body = { sub_id: ofAda, access_token: token }
    expect((await it.send(undefined, body)).status).toBe(401)
    const basic = { authorization: `Basic ${btoa(`soc:${token}`)}` }
    expect((await it.send(undefined, body, basic)).status).toBe(401)
  })
})

describe('a request', () => {
  test.each<[string, unknown, Record<string, string>?]>([
    ['without a subject', {}],
    ['with both spellings of its subject', { sub_id: ofAda, subject: ofAda }],
    ['with a subject of another form', { sub_id: { format: 'phone_number', phone_number: '+1' } }],
    ['with several subjects', { sub_id: { format: 'aliases', identifiers: [ofAda] } }],
    ['with a member too many', { sub_id: { ...ofAda, email: 'ada@example.com' } }],
    ['with a member too few', { sub_id: { format: 'iss_sub', sub: 'ada' } }],
    ['with a wildcard for our own id', { sub_id: { format: 'opaque', id: 'u_*' } }],
    ['with a path for our own id', { sub_id: { format: 'opaque', id: `u_${'../'.repeat(14)}x` } }],
    ['with an address that is none', { sub_id: { format: 'email', email: '@example.com' } }],
    ['of no JSON', 'sub_id=ada'],
    ['of a list', [ofAda]],
    ['of a form', { sub_id: ofAda }, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['of nested JSON', `{"sub_id":${'['.repeat(1000)}${']'.repeat(1000)}}`],
  ])('%s is answered 400', async (_, body, headers) => {
    const it = world()
    expect([(await it.send(token, body, headers)).status, it.ended]).toEqual([400, []])
  })

  test('of more than 4 KB is answered 413, and one that is no POST 405', async () => {
    const it = world()
    expect((await it.send(token, { sub_id: ofAda, x: 'x'.repeat(5000) })).status).toBe(413)
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await it.revoke(new Request(endpoint, { method }), { signal })
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
    }
  })
})
