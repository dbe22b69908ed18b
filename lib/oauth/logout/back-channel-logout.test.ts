import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestIssuer, type TestIssuer } from '../../../dev/worlds/issuer.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { keepSecret } from '../../../dev/worlds/secrets.ts'
import { sweepEnded } from '../../limits/sweep.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { subjectOf } from '../grants/record.ts'
import { createBackChannelLogout } from './back-channel-logout.ts'
import { createVerifyToken } from './issuer.ts'
import { logoutType, providerSession } from './logout-token.ts'
import { isSignedOut, signOut } from './signed-out.ts'
import { createUsedTokens, usedTokens } from './used-tokens.ts'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startTestIssuer()
})
afterAll(() => issuer.stop())
beforeEach(() => {
  issuer.status = 200
})

const event = 'http://schemas.openid.net/event/backchannel-logout'
const { signal } = new AbortController()

/** The endpoint with a clock, and a store that counts what is asked of it. */
function world({ endsGrants = false } = {}) {
  const memory = createMemoryStore()
  const it = {
    now: Date.UTC(2026, 10, 30, 12),
    asked: [] as string[],
    isDown: false,
    ended: [] as { sub: string; at: number }[],
    logged: [] as { event: string; fields: object | undefined }[],
  }
  const store: Store = new Proxy(memory, {
    get: (target, name: keyof Store) => {
      const operation = target[name] as (...args: unknown[]) => unknown
      return (...args: unknown[]) => {
        it.asked.push(`${name} ${args[0]}`)
        if (it.isDown) throw new StoreUnavailable('down')
        return operation.apply(target, args)
      }
    },
  })
  const now = () => it.now
  const logout = createBackChannelLogout({
    verify: createVerifyToken({ type: logoutType, issuer: issuer.issuer, audiences: ['us'] }, now),
    use: createUsedTokens(store, now),
    signOut: (signedOut, inTime) => signOut(store, signedOut, now(), inTime),
    endGrants: endsGrants ? async (sub, at) => void it.ended.push({ sub, at }) : undefined,
    log: recorded((name, fields) => it.logged.push({ event: name, fields })),
  })
  let jti = 0
  const seconds = () => Math.floor(it.now / 1000)
  const claims = (more: object = {}): JWTPayload => {
    jti += 1
    const times = { iat: seconds(), exp: seconds() + 120 }
    return { iss: issuer.issuer, aud: 'us', ...times, jti: `j-${jti}`, sub: 'ada', events: { [event]: {} }, ...more }
  }
  const post = (body: BodyInit, headers: HeadersInit = { 'content-type': 'application/x-www-form-urlencoded' }) =>
    logout(new Request('https://docs.example/oauth/backchannel-logout', { method: 'POST', headers, body }), { signal })
  const send = (token: string) => post(new URLSearchParams({ logout_token: token }).toString())
  const session = (more: object = {}) => ({ sub: ada(), begunAt: seconds() - 3600, ...more })
  const hasEnded = (more: object = {}) => isSignedOut(memory, session(more), it.now, signal)
  return Object.assign(it, { memory, logout, claims, post, send, hasEnded, seconds })
}

const ada = () => subjectOf(issuer.issuer, 'ada')
const browser = (sid: string) => ({ providerSession: providerSession(issuer.issuer, sid) })

describe('a sign-out at the provider', () => {
  test('by sub ends every session of the person that began before, and no other [N4]', async () => {
    const it = world()
    const answer = await it.send(await issuer.sign(it.claims()))
    expect([answer.status, await answer.text(), answer.headers.get('cache-control')]).toEqual([200, '', 'no-store'])
    expect(await it.hasEnded()).toBe(true)
    expect(await it.hasEnded(browser('s1'))).toBe(true)
    expect(await it.hasEnded({ sub: subjectOf(issuer.issuer, 'ben') })).toBe(false)
    expect(await it.hasEnded({ begunAt: it.seconds() + 6 })).toBe(false)
    expect(it.ended).toEqual([])
  })

  test('whose issuer is written otherwise than in the metadata ends nothing, since ids of people contain it', async () => {
    const it = world()
    const { status } = await it.send(await issuer.sign(it.claims({ iss: `${issuer.issuer}/` })))
    expect([status, await it.hasEnded()]).toEqual([400, false])
    expect(it.asked.filter((operation) => operation.startsWith('create'))).toEqual([])
  })

  test('by sub and sid ends the one browser, and those whose session at the provider is unknown [N4]', async () => {
    const it = world()
    expect((await it.send(await issuer.sign(it.claims({ sid: 's1' })))).status).toBe(200)
    expect(await it.hasEnded(browser('s1'))).toBe(true)
    expect(await it.hasEnded()).toBe(true)
    expect(await it.hasEnded(browser('s2'))).toBe(false)
  })

  test('by sid alone ends the one browser, by the key of its record: nothing is listed [N4]', async () => {
    const it = world()
    expect((await it.send(await issuer.sign(it.claims({ sub: undefined, sid: 's1' })))).status).toBe(200)
    expect([await it.hasEnded(browser('s1')), await it.hasEnded(browser('s2')), await it.hasEnded()]).toEqual([
      true,
      false,
      false,
    ])
    expect(it.asked.filter((operation) => operation.startsWith('list'))).toEqual([])
  })

  test('with the sub of one person and the sid of another ends neither the other’s session nor the person’s others', async () => {
    const it = world()
    await it.send(await issuer.sign(it.claims({ sid: 'of-ben' })))
    expect(await it.hasEnded({ sub: subjectOf(issuer.issuer, 'ben'), ...browser('of-ben') })).toBe(false)
    expect(await it.hasEnded(browser('of-ada'))).toBe(false)
  })

  test('ends a session that lasts past midnight, and one whose sign-in was under way', async () => {
    const it = world()
    it.now = Date.UTC(2026, 10, 30, 23, 59)
    await it.send(await issuer.sign(it.claims()))
    const begunAt = it.seconds() - 60
    it.now += 7 * 3_600_000
    expect(await it.hasEnded({ begunAt })).toBe(true)
  })

  test('that arrives late does not bring back what a later one has ended', async () => {
    const it = world()
    const [early, late] = [it.claims({ iat: it.seconds() - 200 }), it.claims()]
    await it.send(await issuer.sign(late))
    expect((await it.send(await issuer.sign(early))).status).toBe(200)
    expect(await it.hasEnded({ begunAt: it.seconds() - 100 })).toBe(true)
  })

  test('ends grants only where the operator says so, up to the time of the token [N4]', async () => {
    const it = world({ endsGrants: true })
    const claims = it.claims({ sid: 's1', iat: it.seconds() - 30 })
    expect((await it.send(await issuer.sign(claims))).status).toBe(200)
    expect(it.ended).toEqual([{ sub: ada(), at: it.now - 30_000 }])
  })

  test('without a sub cannot end grants: the session ends, and the provider hears that the rest failed', async () => {
    const it = world({ endsGrants: true })
    const answer = await it.send(await issuer.sign(it.claims({ sub: undefined, sid: 's1' })))
    expect([answer.status, (await answer.json()).error]).toEqual([400, 'invalid_request'])
    expect([await it.hasEnded(browser('s1')), it.ended]).toEqual([true, []])
  })
})

describe('the same token again', () => {
  test('is answered 200, does nothing new, and does not end what began since [N4]', async () => {
    const it = world({ endsGrants: true })
    const token = await issuer.sign(it.claims())
    await it.send(token)
    it.now += 60_000
    const before = it.asked.length
    expect((await it.send(token)).status).toBe(200)
    expect(it.ended).toHaveLength(1)
    expect(it.asked.slice(before).map((operation) => operation.split('/')[0])).toEqual([
      `create ${usedTokens}`,
      `get ${usedTokens}`,
    ])
    expect(await it.hasEnded({ begunAt: it.seconds() })).toBe(false)
    expect(it.logged.map(({ event: name }) => name)).toEqual(['logout_received', 'logout_repeated'])
  })

  test('continues what a fault has interrupted', async () => {
    const it = world()
    const token = await issuer.sign(it.claims())
    it.isDown = true
    const failed = await it.send(token)
    expect([failed.status, (await failed.json()).error, failed.headers.get('retry-after')]).toEqual([
      400,
      'temporarily_unavailable',
      '5',
    ])
    it.isDown = false
    expect((await it.send(token)).status).toBe(200)
    expect(await it.hasEnded()).toBe(true)
  })

  test('with the same jti for another person, or another browser, is another token: both are signed out [N4]', async () => {
    const it = world({ endsGrants: true })
    const jti = 'the-same'
    for (const about of [{ sub: 'ada' }, { sub: 'ben' }, { sub: 'ada', sid: 's1' }, { sub: 'ada', sid: 's2' }]) {
      expect((await it.send(await issuer.sign(it.claims({ jti, ...about })))).status).toBe(200)
    }
    expect(await it.hasEnded({ sub: subjectOf(issuer.issuer, 'ben') })).toBe(true)
    expect(it.ended.map(({ sub }) => sub)).toEqual(
      ['ada', 'ben', 'ada', 'ada'].map((sub) => subjectOf(issuer.issuer, sub)),
    )
    expect(it.logged.map(({ event: name }) => name)).toEqual(Array(4).fill('logout_received'))
  })

  test('twenty at once end the session once', async () => {
    const it = world({ endsGrants: true })
    const token = await issuer.sign(it.claims())
    const answers = await Promise.all(Array.from({ length: 20 }, () => it.send(token)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(it.ended.map(({ at }) => at)).size).toBe(1)
  })

  test('thousands of ids of a provider gone wild leave as many small records, which the sweep removes after minutes', async () => {
    const it = world()
    for (let n = 0; n < 40; n++) await it.send(await issuer.sign(it.claims()))
    const keys = async () => (await it.memory.list(`${usedTokens}/`, signal)).keys
    expect(await keys()).toHaveLength(40)
    await sweepEnded(it.memory, usedTokens, it.now + 900_000, signal)
    expect(await keys()).toEqual([])
    expect((await it.memory.list('signed-out/', signal)).keys).toHaveLength(1)
  })
})

/** A token, made of the claims of a good one. */
type Forgery = (claims: JWTPayload) => Promise<string> | string
const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
const changed =
  (more: object, header?: object): Forgery =>
  (claims) =>
    issuer.sign({ ...claims, ...more }, header)
const at = (seconds: number) => Math.floor(Date.UTC(2026, 10, 30, 12) / 1000) + seconds
const dots = (...parts: object[]) =>
  `${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.c2ln`

/** Refused without a key and without the store. */
const cheap: Record<string, Forgery> = {
  'no signature (alg none)': (claims) => new UnsecuredJWT(claims).encode(),
  'alg None, spelled otherwise': (claims) => dots({ alg: 'nOnE' }, claims),
  'HS256 with the public key': (claims) => {
    const pem = createPublicKey({ format: 'jwk', key: issuer.publicJwk }).export({ type: 'spki', format: 'pem' })
    return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'k' }).sign(Buffer.from(pem))
  },
  'another algorithm of RSA': (claims) => dots({ alg: 'PS256', kid: 'k' }, claims),
  'a critical header': (claims) => dots({ alg: 'RS256', crit: ['exp'], exp: 1 }, claims),
  'the type of an access token': changed({}, { typ: 'at+jwt' }),
  'the type of a revocation request': changed({}, { typ: 'global-token-revocation+jwt' }),
  'a type that is no text': (claims) => dots({ alg: 'RS256', typ: ['logout+jwt'] }, claims),
  'another issuer': changed({ iss: 'https://login.example/' }),
  'an issuer that only begins the same': (claims) => issuer.sign({ ...claims, iss: `${issuer.issuer}.evil.example` }),
  'another client': changed({ aud: 'somebody-else' }),
  'other clients': changed({ aud: ['one', 'two'] }),
  'no audience': changed({ aud: undefined }),
  'a time in the future': changed({ iat: at(600), exp: at(900) }),
  'an old time': changed({ iat: at(-301) }),
  'an end before now': changed({ iat: at(-200), exp: at(-100) }),
  'an end before its beginning': changed({ exp: at(-1) }),
  'no end': changed({ exp: undefined }),
  'no time': changed({ iat: undefined }),
  'a time that is a text': changed({ iat: String(at(0)) }),
  'a beginning in the future': changed({ nbf: at(600) }),
  'no id': changed({ jti: undefined }),
  'an empty id': changed({ jti: '' }),
  'a long id': changed({ jti: 'x'.repeat(256) }),
  'more than 8 KB': changed({ padding: 'x'.repeat(9000) }),
  'something that is no token': () => 'junk',
  'a list for its claims': () => dots({ alg: 'RS256' }, ['ada']),
}

/** Signed by the provider, and still no logout token: refused without the store. */
const signed: Record<string, Forgery> = {
  'an ID token': changed({ events: undefined, nonce: 'n' }),
  'a nonce': changed({ nonce: 'n' }),
  'an empty nonce': changed({ nonce: null }),
  'no events': changed({ events: undefined }),
  'another event': changed({ events: { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {} } }),
  'an event without an object': changed({ events: { [event]: true } }),
  'events as a list': changed({ events: [event] }),
  'neither sub nor sid': changed({ sub: undefined }),
  'an empty sub': changed({ sub: '' }),
  'a sub that is no text': changed({ sub: 7, sid: 's1' }),
  'a signature of another key': (claims) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k' }).sign(other.privateKey),
  'a signature of an unknown key': (claims) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'new' }).sign(other.privateKey),
  'claims that were changed after signing': async (claims) => {
    const [header, , signature] = (await issuer.sign(claims)).split('.')
    return `${header}.${Buffer.from(JSON.stringify({ ...claims, sub: 'ben' })).toString('base64url')}.${signature}`
  },
}

describe('a token with', () => {
  test.each(Object.entries(cheap))(
    '%s is refused without the store and without the provider [N4]',
    async (_, forge) => {
      const it = world()
      const token = await forge(it.claims())
      keepSecret(token)
      const asked = issuer.asked.length
      const answer = await it.send(token)
      expect([answer.status, await answer.json(), answer.headers.get('cache-control')]).toEqual([
        400,
        { error: 'invalid_request', error_description: 'the logout token is not valid' },
        'no-store',
      ])
      expect([it.asked, issuer.asked.length - asked]).toEqual([[], 0])
    },
  )

  test.each(Object.entries(signed))('%s is refused without the store [N4]', async (_, forge) => {
    const it = world()
    const token = await forge(it.claims())
    keepSecret(token)
    expect((await it.send(token)).status).toBe(400)
    expect(it.asked).toEqual([])
    expect(it.logged.map(({ event: name }) => name)).toEqual(['logout_refused'])
  })

  test.each([undefined, 'logout+jwt', 'application/logout+jwt', 'Logout+JWT', 'JWT'])(
    'the type %s is accepted',
    async (typ) => {
      const it = world()
      expect((await it.send(await issuer.sign(it.claims(), { typ }))).status).toBe(200)
    },
  )

  test('several audiences, and one more member in everything, is accepted', async () => {
    const it = world()
    const claims = it.claims({ aud: ['other', 'us'], events: { [event]: { more: 1 }, 'urn:other': {} }, trace_id: 'x' })
    expect((await it.send(await issuer.sign(claims))).status).toBe(200)
  })
})

test('a flood of tokens with unknown keys asks the provider for its keys a few times in half a minute [N4]', async () => {
  const it = world()
  await it.send(await issuer.sign(it.claims()))
  const before = issuer.asked.length
  for (let n = 0; n < 60; n++) {
    const header = { alg: 'RS256', kid: `new-${n}` }
    await it.send(await new SignJWT(it.claims()).setProtectedHeader(header).sign(other.privateKey))
  }
  expect(issuer.asked.length - before).toBeLessThanOrEqual(5)
})

test('while the provider’s keys cannot be read, the answer is 400 and the log an error', async () => {
  const it = world()
  issuer.status = 500
  const answer = await it.send(await issuer.sign(it.claims()))
  expect([answer.status, (await answer.json()).error]).toEqual([400, 'temporarily_unavailable'])
  expect([it.asked, it.logged.map(({ event: name }) => name)]).toEqual([[], ['logout_failed']])
})

describe('a request', () => {
  test('that is no POST is refused', async () => {
    const it = world()
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await it.logout(new Request('https://docs.example/oauth/backchannel-logout', { method }), {
        signal,
      })
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
    }
  })

  test.each<[string, (token: string) => [BodyInit, HeadersInit?]]>([
    ['of JSON', (token) => [JSON.stringify({ logout_token: token }), { 'content-type': 'application/json' }]],
    ['of plain text', (token) => [`logout_token=${token}`, { 'content-type': 'text/plain' }]],
    ['without a token', () => ['other=1']],
    ['with an empty token', () => ['logout_token=']],
    ['with the token twice', (token) => [`logout_token=${token}&logout_token=${token}`]],
    ['of a megabyte', (token) => [`logout_token=${token}&x=${'x'.repeat(1_000_000)}`]],
    ['that is not UTF-8', () => [Buffer.from([0x6c, 0x3d, 0xff])]],
  ])('%s is answered 400, without the store', async (_, make) => {
    const it = world()
    const [body, headers] = make(await issuer.sign(it.claims()))
    const answer = await it.post(body, headers)
    expect([answer.status, (await answer.json()).error, it.asked]).toEqual([400, 'invalid_request', []])
  })
})
