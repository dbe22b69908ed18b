import { expect, test } from 'vitest'
import { assertionWorld, tenant } from '../../../dev/worlds/assertions.ts'
import {
  authorizePath,
  createHarness,
  type Harness,
  newPkce,
  reader,
  redirectUri,
  register,
  signIn,
  TestBrowser,
  token,
} from '../../../dev/worlds/authorization-server.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { times } from '../../../dev/worlds/times.ts'
import type { AccessToken } from '../../resource-server/bearer.ts'
import { createGrantCheck, type ReadGrantStatus } from '../../resource-server/grant-check.ts'
import { readAssertions } from '../../settings/companies-and-machines.ts'
import { createMemoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'
import { createStorelessGrants } from '../assertions/storeless-grant.ts'
import { noneBlocked } from '../clients/blocked-clients.ts'
import { endGrantsOf } from '../grants/end-person.ts'
import { fenceKey, writeFence } from '../grants/fence.ts'
import { createGrants } from '../grants/grants.ts'
import { subjectOf } from '../grants/record.ts'
import { grantStatus } from '../grants/status.ts'
import { signOnMainThread } from '../keys/compact.ts'
import { createBackChannelLogout } from './back-channel-logout.ts'
import { signOut } from './signed-out.ts'
import { createUsedTokens } from './used-tokens.ts'

/** The provider reports a sign-out that ends grants while the person's client is about to get tokens: whichever comes first, none live on. */

const { signal } = new AbortController()
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A store whose operations take effect after a random number of turns of the event loop: mostly few, now and then many. */
function unevenStore(seed: number) {
  const inner = createMemoryStore()
  let [state, running] = [seed * 7919 + 1, 0]
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  const unevenly = async <T>(operation: () => Promise<T>): Promise<T> => {
    running += 1
    for (let left = random(5) === 0 ? random(60) : random(4); left > 0; left--) await turn()
    return operation().finally(() => {
      running -= 1
    })
  }
  const store: Store = {
    get: (...args) => unevenly(() => inner.get(...args)),
    create: (...args) => unevenly(() => inner.create(...args)),
    replace: (...args) => unevenly(() => inner.replace(...args)),
    put: (...args) => unevenly(() => inner.put(...args)),
    remove: (...args) => unevenly(() => inner.remove(...args)),
    list: (...args) => unevenly(() => inner.list(...args)),
  }
  return { inner, store, random, isIdle: () => running === 0 }
}
type Uneven = ReturnType<typeof unevenStore>

/** Waits until the work that goes on after the answers has asked the store for nothing in many turns. */
async function settled({ isIdle }: Uneven): Promise<void> {
  for (let quiet = 0; quiet < 30; quiet = isIdle() ? quiet + 1 : 0) await turn()
}

/** What the provider calls, as `lib/service/logout.ts` composes it. The token is verified elsewhere. */
function reportSignOut(
  server: Harness,
  { store }: Uneven,
  { issuer, sub } = { issuer: reader.issuer, sub: reader.sub },
) {
  const now = () => server.clock
  const iat = now() / 1000
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  const grants = createGrants({ store, now, grace: 60, log: recorded() })
  const logout = createBackChannelLogout({
    verify: async () => ({ iss: issuer, aud: 'us', sub, iat, exp: iat + 120, jti: 'j', events }),
    use: createUsedTokens(store, now),
    signOut: (out, inTime) => signOut(store, out, now(), inTime),
    async endGrants(person, at, inTime) {
      await writeFence(store, person, { at, reason: 'ended_by_provider', forgetting: false }, inTime)
      await endGrantsOf({ store, grants, now: now() }, person, 'ended_by_provider', inTime)
    },
    log: recorded(),
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const request = { method: 'POST', headers, body: 'logout_token=x' }
  return logout(new Request('https://docs.example/oauth/backchannel-logout', request), { signal })
}

/** A server, a client, and a person who has approved it and is back from the provider. */
async function approved(uneven: Uneven) {
  const server = createHarness({ store: uneven.store, chooseSigning: () => signOnMainThread })
  const [client, pkce, browser] = [await register(server), newPkce(), new TestBrowser(server)]
  const page = await (await browser.open(authorizePath(client, pkce))).text()
  const { searchParams } = new URL((await browser.press(page, 'approve')).headers.get('location') ?? '')
  const back = async () => {
    const query = new URLSearchParams({ state: searchParams.get('state') ?? '', code: 'upstream-code' })
    return new URL((await browser.open(`/mcp/callback?${query}`)).headers.get('location') ?? '').searchParams.get(
      'code',
    )
  }
  const redeem = async (code: string | null) => {
    const form = { grant_type: 'authorization_code', code: code ?? '', redirect_uri: redirectUri, client_id: client }
    return token(server, { ...form, code_verifier: pkce.verifier })
  }
  const refresh = (refresh_token: string) =>
    token(server, { grant_type: 'refresh_token', client_id: client, refresh_token })
  return { server, back, redeem, refresh }
}

const sub = subjectOf(reader.issuer, reader.sub)

/** Whether a grant of the person has no tombstone. */
async function isOneLive({ inner }: Uneven): Promise<boolean> {
  const { keys } = await inner.list('grants/', signal)
  const records = await Promise.all(keys.filter((key) => key.includes(sub)).map((key) => inner.get(key, signal)))
  return records.some((record) => record?.value.revokedAt === undefined)
}

const rounds = times(40, 400)

test.each<[string, (at: Awaited<ReturnType<typeof approved>>) => Promise<() => Promise<number>>]>([
  [
    'the way back from the provider and the code',
    async ({ back, redeem }) =>
      async () =>
        (await redeem(await back())).status,
  ],
  [
    'the exchange of a code',
    async ({ back, redeem }) => {
      const code = await back()
      return async () => (await redeem(code)).status
    },
  ],
  [
    'a client that refreshes without a pause',
    async ({ back, redeem, refresh }) => {
      let { refresh_token: held = '' } = (await redeem(await back())).body
      return async () => {
        for (;;) {
          const { status, body } = await refresh(held)
          if (status !== 200) return status
          held = body.refresh_token ?? held
        }
      }
    },
  ],
])(
  'a sign-out that ends grants races with %s: no grant of the person lives on, in many rounds [N2 N4]',
  async (_, begin) => {
    const answers: number[] = []
    for (let round = 0; round < rounds; round++) {
      const uneven = unevenStore(round)
      const at = await approved(uneven)
      const run = await begin(at)
      const end = async () => {
        for (let left = uneven.random(40); left > 0; left--) await turn()
        return (await reportSignOut(at.server, uneven)).status
      }
      const [answer, ended] = await Promise.all([run(), end()])
      answers.push(answer)
      expect(ended).toBe(200)
      await settled(uneven)
      expect([round, answer, await isOneLive(uneven)]).toEqual([round, answer, false])
    }
    expect(answers.filter((status) => status !== 200 && status !== 400)).toEqual([])
    expect(answers).toContain(400)
  },
)

test('a code whose exchange has read the fence just before the sign-out, and writes its grant just after, gives a grant that ends at once [N2]', async () => {
  const uneven = unevenStore(1)
  const read = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const { store } = uneven
  const held: Store = {
    ...store,
    get: (key, ...more) =>
      store.get(key, ...more).finally(() => {
        if (key === fenceKey(sub)) read.resolve()
      }),
    create: async (key, ...more) => {
      if (key.startsWith('grants/')) await ended.promise
      return store.create(key, ...more)
    },
  }
  const { server, back, redeem, refresh } = await approved({ ...uneven, store: held })
  const redeeming = redeem(await back())
  await read.promise
  expect((await reportSignOut(server, uneven)).status).toBe(200)
  ended.resolve()
  const { status, body } = await redeeming
  expect(status).toBe(200)
  await settled(uneven)
  expect(await isOneLive(uneven)).toBe(false)
  expect((await refresh(body.refresh_token ?? '')).body.error).toBe('invalid_grant')
})

test('a sign-out of a company’s person races with an ID-JAG: its token is refused, or has ended for /mcp, in many rounds [N2]', async () => {
  const { tenants, machines } = readAssertions({ tenants: { json: [tenant] }, machines: undefined }, [])
  const verdicts = new Set<string>()
  for (let round = 0; round < rounds; round++) {
    const uneven = unevenStore(round)
    const world = await assertionWorld({ store: uneven.store, chooseSigning: () => signOnMainThread })
    const assertion = await world.idJag()
    const end = async () => {
      for (let left = uneven.random(20); left > 0; left--) await turn()
      return reportSignOut(world.server, uneven, { issuer: tenant.issuer, sub: 'U019488227' })
    }
    const [{ status, body }] = await Promise.all([world.present(assertion), end()])
    await settled(uneven)
    const assertions = { tenants, machines }
    const grants = createStorelessGrants({ store: uneven.inner, assertions, readBlocked: async () => noneBlocked })
    const state = status === 200 ? await grants.status(world.claimsOf(body.access_token).grant, signal) : 'refused'
    verdicts.add(String(state))
  }
  expect([...verdicts].toSorted()).toEqual(['ended', 'refused'])
})

test('after a sign-out that ends grants, every instance that knew the token refuses it a minute later at the latest, whatever it was asked meanwhile [N4 T-23]', async () => {
  const uneven = unevenStore(2)
  const { server, back, redeem } = await approved(uneven)
  const { access_token = '' } = (await redeem(await back())).body
  const { grant, jti, exp } = JSON.parse(Buffer.from(access_token.split('.')[1] ?? '', 'base64url').toString())
  const accessToken = { grant, jti, expiresAt: exp } as AccessToken
  const now = () => server.clock
  const read: ReadGrantStatus = (key, inTime) => grantStatus(uneven.store, key, inTime)
  const instances = Array.from({ length: 4 }, () => createGrantCheck({ grantStatus: read, now, log: recorded() }))
  const ask = () => Promise.all(instances.map((mayPass) => mayPass(accessToken)))
  expect(await ask()).toEqual([true, true, true, true])
  server.clock += 1
  expect((await reportSignOut(server, uneven)).status).toBe(200)
  const called = server.clock
  // An instance that has not seen the token refuses at once.
  expect(await createGrantCheck({ grantStatus: read, now, log: recorded() })(accessToken)).toBe(false)
  for (; server.clock < called + 59_000; server.clock += 1000) expect(await ask()).toEqual([true, true, true, true])
  server.clock = called + 60_000
  expect(await ask()).toEqual([false, false, false, false])
})

test('a person who signs in again after the sign-out is live', async () => {
  const uneven = unevenStore(3)
  const { server } = await approved(uneven)
  await reportSignOut(server, uneven)
  server.clock += 10_000
  const [client, pkce] = [await register(server), newPkce()]
  const code = (await signIn(new TestBrowser(server), client, pkce)).searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, client_id: client }
  expect((await token(server, { ...form, code_verifier: pkce.verifier })).status).toBe(200)
  await settled(uneven)
  expect(await isOneLive(uneven)).toBe(true)
})
