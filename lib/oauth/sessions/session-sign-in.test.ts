import { expect, test } from 'vitest'
import { newSecrets } from '../../../dev/worlds/authorization-server.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { keepSecret, keepSecretsOf } from '../../../dev/worlds/secrets.ts'
import { defaultBrand } from '../../pages/brand.ts'
import { PageError } from '../errors.ts'
import { createSealing } from '../keys/sealing.ts'
import type { SessionStart } from '../options.ts'
import { type Identity, type Login, ProviderError } from '../providers/provider.ts'
import { createTrail } from '../trail.ts'
import { createSessionSignIn } from './session-sign-in.ts'

const origin = 'https://docs.example'
const identity: Identity = {
  issuer: 'https://login.example/',
  sub: 'ada',
  email: 'ada@docs.example',
  emailVerified: true,
}

/** The sign-in with a provider and a clock that the test sets, and one browser. */
function world() {
  const test = {
    now: Date.UTC(2026, 10, 30),
    provider: 'provider',
    identity: identity as Identity | ProviderError,
    asked: [] as { login: Login; prompt: string | undefined; maxAge: number | undefined }[],
    identified: 0,
    started: [] as SessionStart[],
  }
  const cookies = new Map<string, string>()
  const signIn = createSessionSignIn({
    origin,
    brand: defaultBrand,
    sealing: createSealing(origin, newSecrets()),
    now: () => test.now,
    log: recorded(() => {}),
    provider: {
      get id() {
        return test.provider
      },
      async authorizationUrl(login, prompt, _signal, maxAge) {
        test.asked.push({ login, prompt, maxAge })
        keepSecret(login.codeVerifier, login.nonce)
        return new URL(`https://login.example/authorize?state=${login.state}`)
      },
      async identify(_answer, login) {
        test.identified += 1
        expect(login).toEqual(test.asked.at(-1)?.login)
        if (test.identity instanceof ProviderError) throw test.identity
        return test.identity
      },
    },
    async start(start) {
      test.started.push(start)
      return '__Host-session=sealed'
    },
  })
  async function send(step: 'login' | 'callback', query: string): Promise<Response> {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const call = { signal: AbortSignal.timeout(8000), requestId: 'r', waitUntil: () => {} }
    const request = new Request(`${origin}/${step === 'login' ? step : 'mcp/callback'}?${query}`, {
      headers: { cookie },
    })
    const response = await signIn[step](request, { ...call, trail: createTrail({}, call) })
    await keepSecretsOf(response)
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      if (/max-age=0/i.test(set)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
  const login = (query = 'return=/account') => send('login', query)
  const callback = () => send('callback', `code=c&state=${test.asked.at(-1)?.login.state}`)
  /** The error page that a step ends in. */
  const errorOf = (answer: Promise<Response>) =>
    answer.then(
      (response) => Promise.reject(new Error(`answered ${response.status}`)),
      (error: unknown) => {
        if (!(error instanceof PageError)) throw error
        return { kind: error.kind, again: error.again }
      },
    )
  return Object.assign(test, { login, callback, errorOf, cookies })
}

const again = '/login?return=%2Faccount'

test('the session has the person, the issuer of the ID token, and the time of the sign-in if the provider tells it', async () => {
  const it = world()
  const told = it.now / 1000 - 50
  it.identity = { ...identity, signedInAt: told }
  await it.login()
  expect((await it.callback()).headers.get('location')).toBe('https://docs.example/account')
  expect(it.started).toMatchObject([
    { provider: 'https://login.example/', person: { email: 'ada@docs.example' }, signedInAt: told },
  ])
  expect(it.asked).toMatchObject([{ prompt: undefined, maxAge: undefined }])
})

test('a time that the provider does not tell is the time of a sign-in that it had to ask for, and otherwise unknown [N5]', async () => {
  const it = world()
  await it.login()
  await it.callback()
  await it.login('fresh=true')
  await it.callback()
  it.identity = { ...identity, signedInAt: it.now / 1000 + 3600 }
  await it.login('fresh=true')
  await it.callback()
  const now = it.now / 1000
  expect(it.started.map(({ signedInAt }) => signedInAt)).toEqual([undefined, now, now])
  expect(it.asked[1]).toMatchObject({ prompt: 'login', maxAge: 600 })
})

test('a sign-in of ten minutes or more is over, and begins again with a click', async () => {
  const it = world()
  await it.login()
  it.now += 600_000
  expect(await it.errorOf(it.callback())).toEqual({ kind: 'login-expired', again })
  it.now += 86_400_000
  expect((await it.errorOf(it.callback())).kind).toBe('other-browser')
  expect(it.identified).toBe(0)
})

test('a code that the provider refuses begins again at most twice, a lost answer once, then a page says so [N18]', async () => {
  for (const [rejected, most] of [
    [true, 2],
    [false, 1],
  ] as const) {
    const it = world()
    it.identity = new ProviderError('spent', 'used', { rejected })
    await it.login('return=/account&fresh=true')
    for (let time = 0; time < most; time++) {
      expect((await it.callback()).headers.get('location')).toContain('https://login.example/authorize')
      // The person still has to sign in anew.
      expect(it.asked.at(-1)).toMatchObject({ prompt: 'login', maxAge: 600 })
    }
    expect(await it.errorOf(it.callback())).toEqual({ kind: 'login-failed', again: `${again}&fresh=true` })
    expect(it.started).toEqual([])
  }
})

test('a code of a provider that the operator has replaced is sent to no other provider [N10]', async () => {
  const it = world()
  await it.login()
  it.provider = 'another'
  expect((await it.callback()).headers.get('location')).toContain('https://login.example/authorize')
  expect(it.identified).toBe(0)
  it.provider = 'a third'
  expect((await it.errorOf(it.callback())).kind).toBe('login-failed')
})

test.each([
  ['refused', 'login-failed'],
  ['invalid', 'login-failed'],
  ['misconfigured', 'login-failed'],
  ['passing', 'sign-in-unavailable'],
] as const)('a provider that fails (%s) gives no session', async (kind, page) => {
  const it = world()
  await it.login()
  it.identity = new ProviderError(kind, 'failed')
  expect((await it.errorOf(it.callback())).kind).toBe(page)
  expect(it.started).toEqual([])
  if (kind !== 'passing') return
  // The code is still good: a reload finishes.
  it.identity = identity
  expect((await it.callback()).status).toBe(303)
})

test('a repeated parameter is refused', async () => {
  const it = world()
  expect((await it.errorOf(it.login('return=/account&return=/admin'))).kind).toBe('invalid-request')
  expect((await it.errorOf(it.login('fresh=true&fresh=false'))).kind).toBe('invalid-request')
})

test('a long address to return to fills no cookie: a browser with 8 KB of cookies would be refused everywhere [N20]', async () => {
  const { login, cookies } = world()
  for (let i = 0; i < 3; i++) await login(`return=/account?x=${'a'.repeat(9000)}`)
  const bytes = [...cookies].reduce((sum, pair) => sum + pair.join('=').length + 2, 0)
  expect([cookies.size, bytes < 7500]).toEqual([3, true])
})

test('a transaction under the name of another one does not open', async () => {
  const { login, callback, cookies, errorOf, asked } = world()
  await login()
  await login()
  const [first, second] = asked.map(({ login: { state } }) => `__Host-tx.${state}`)
  cookies.set(second ?? '', cookies.get(first ?? '') ?? '')
  expect(await errorOf(callback())).toMatchObject({ kind: 'other-browser' })
})
