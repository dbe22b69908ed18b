import { expect, test } from 'vitest'
import { memoryEventStores } from '../../../dev/worlds/event-stores.ts'
import { personalDataForTests } from '../../../dev/worlds/personal-data.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { fenceKey, readFence } from '../../oauth/grants/fence.ts'
import { createGrants } from '../../oauth/grants/grants.ts'
import { createPersonEnd } from '../../oauth/grants/person-end.ts'
import { type GrantRecord, newGrantKey, subjectOf } from '../../oauth/grants/record.ts'
import { signOut } from '../../oauth/logout/signed-out.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { createSignInRecorder } from '../sign-ins.ts'
import type { Place } from './place.ts'
import { places } from './places.ts'
import { createPrivacy } from './privacy.ts'

const minute = 60_000
const hour = 60 * minute
const { signal } = new AbortController()
const ada = subjectOf('https://login.example/', 'ada')
const bob = subjectOf('https://login.example/', 'bob')

interface World {
  readonly store: Store
  /** Milliseconds since the epoch. */
  clock: number
}

const newWorld = (store = createMemoryStore()): World => ({ store, clock: Date.UTC(2026, 10, 30, 12) })

const partsOf = (world: World) => ({
  store: world.store,
  personalData: personalDataForTests('all'),
  outboxSeal: { seal: () => '', open: () => null },
  auditDays: 400,
  usage: { events: memoryEventStores(), pseudonyms: { existing: async () => null } },
  now: () => world.clock,
})

/** One instance. `change` changes what it does to the store. */
function instance(world: World, change: (store: Store) => Partial<Store> = () => ({}), more: readonly Place[] = []) {
  const store = { ...world.store, ...change(world.store) }
  const lines: string[] = []
  const log = recorded((event) => lines.push(event))
  const now = () => world.clock
  const grants = createGrants({ store, now, grace: 60, log })
  const end = createPersonEnd({ store, grants, now, fenceLifetime: 8 * 3600 + 600 })
  const privacy = createPrivacy({ store, places: [...more, ...places({ ...partsOf(world), store })], end, now, log })
  const recorder = createSignInRecorder({ store, personalData: personalDataForTests('all'), log })

  /** Redeems a code and records the sign-in. Returns the grant's key, or `null` for a refusal. */
  async function signIn(sub: string, client = 'client-a'): Promise<string | null> {
    const at = Math.floor(world.clock / 1000)
    const endsAt = at + 180 * 86_400
    const key = newGrantKey(sub, endsAt)
    const record: GrantRecord = {
      ...{ generation: 0, createdAt: at, rotatedAt: at, expiresAt: endsAt, endsAt, clientHash: client },
      ...{ authenticationMethod: 'none', kid: 'k' },
    }
    const grant = await grants.redeem(key, record, signal, at)
    if ('refused' in grant) return null
    const person = { email: `${sub}@example.com`, emailVerified: true, organization: { id: 'org_1', name: 'Engines' } }
    await recorder.recordSignIn({ sub, ...person, client: { hash: client }, grant: key, at }, signal)
    return key
  }
  return { privacy, signIn, lines, grants }
}

const keysAbout = async ({ store }: World, sub: string) =>
  (await store.list('', signal)).keys.filter((key) => key.includes(sub))
const isLive = async ({ store }: World, key: string | null) =>
  key !== null && (await store.get(key, signal))?.value.revokedAt === undefined

test('ending a user ends every grant, and a later sign-in survives the job that looks again [N2]', async () => {
  const world = newWorld()
  const { privacy, signIn, lines } = instance(world)
  const first = await signIn(ada)
  const other = await signIn(bob)
  world.clock += hour
  expect(await privacy.endPerson(ada, 'test', signal)).toEqual({ grants: 1, at: world.clock })
  expect([await isLive(world, first), await isLive(world, other)]).toEqual([false, true])
  world.clock += 10_000
  const again = await signIn(ada)
  // A grant that the first listing missed.
  const missed = newGrantKey(ada, Math.floor(world.clock / 1000) + 100)
  const stored = await world.store.get(again ?? '', signal)
  await world.store.create(missed, { ...stored?.value, createdAt: Math.floor(world.clock / 1000) - 60 }, signal)

  expect(await privacy.runJobs(signal)).toEqual({ done: 0, finished: true })
  world.clock += 11 * minute
  expect(await privacy.runJobs(signal)).toEqual({ done: 1, finished: true })
  expect([await isLive(world, missed), await isLive(world, again)]).toEqual([false, true])
  world.clock += 9 * hour
  expect(await privacy.runJobs(signal)).toEqual({ done: 1, finished: true })
  expect((await keysAbout(world, ada)).filter((key) => key.startsWith('end'))).toEqual([])
  expect(lines).toContain('person_ended')
})

test('ending a user again stands, though the job of an earlier end removes the fence in the same moment [N2]', async () => {
  const world = newWorld()
  const { privacy } = instance(world)
  await privacy.endPerson(ada, 'first', signal)
  world.clock += 11 * minute
  await privacy.runJobs(signal)
  world.clock += 9 * hour
  const ending = Promise.withResolvers<void>()
  const removing = Promise.withResolvers<void>()
  const job = instance(world, (store) => ({
    async remove(key, inTime) {
      if (key === fenceKey(ada)) {
        removing.resolve()
        await ending.promise
      }
      await store.remove(key, inTime)
    },
  }))
  const running = job.privacy.runJobs(signal)
  await removing.promise
  const again = instance(world, (store) => ({
    /** The fence stands from here on. The job removes it before the grants are listed. */
    async list(prefix, inTime, cursor) {
      ending.resolve()
      await running
      return store.list(prefix, inTime, cursor)
    },
  }))
  const { at } = await again.privacy.endPerson(ada, 'second', signal)
  expect(await readFence(world.store, ada, signal)).toEqual({ at, reason: 'second', forgetting: false })
})

test('a forgotten user leaves nothing, cannot sign in meanwhile, and begins anew after that [N3]', async () => {
  const world = newWorld()
  const { privacy, signIn, lines } = instance(world)
  await signIn(ada)
  await signIn(ada, 'client-b')
  await signIn(bob)
  world.clock += 40 * 24 * hour
  await signIn(ada)
  const others = await keysAbout(world, bob)
  expect(others).toHaveLength(4)
  await privacy.forget(ada, signal)
  expect(await privacy.forgetting(ada, signal)).toBe('waiting')
  world.clock += minute
  expect(await signIn(ada)).toBeNull()
  expect(await privacy.runJobs(signal)).toEqual({ done: 0, finished: true })
  world.clock += 10 * minute
  expect(await privacy.runJobs(signal)).toEqual({ done: 1, finished: true })
  expect(await privacy.forgetting(ada, signal)).toBe('removed')
  // The fence ends browser sessions from before for 8 hours.
  expect((await keysAbout(world, ada)).map((key) => key.split('/')[0])).toEqual(['ended', 'forget'])
  world.clock += 9 * hour
  await privacy.runJobs(signal)
  expect(await privacy.forgetting(ada, signal)).toBe('none')
  expect(await keysAbout(world, ada)).toEqual([])
  expect(await keysAbout(world, bob)).toEqual(others)
  expect(lines).toEqual(expect.arrayContaining(['person_forgetting', 'person_removed', 'person_forgotten']))
  expect(await isLive(world, await signIn(ada))).toBe(true)
})

test('a user who signs in again after the removal keeps what is new', async () => {
  const world = newWorld()
  const { privacy, signIn } = instance(world)
  await signIn(ada)
  await privacy.forget(ada, signal)
  world.clock += 11 * minute
  await privacy.runJobs(signal)
  const grant = await signIn(ada)
  expect(await isLive(world, grant)).toBe(true)
  world.clock += 9 * hour
  await privacy.runJobs(signal)
  expect(await isLive(world, grant)).toBe(true)
  expect(await world.store.get(`users/${ada}`, signal)).not.toBeNull()
})

test('a forgotten user leaves no sign-out at the provider, and those of others stay', async () => {
  const world = newWorld()
  const { privacy } = instance(world)
  const at = world.clock
  for (const sub of [ada, `${ada}x`, bob]) {
    await signOut(world.store, { sub, session: undefined, at }, at, signal)
    await signOut(world.store, { sub, session: 'hash', at }, at, signal)
  }
  world.clock += 36 * hour
  await signOut(world.store, { sub: ada, session: undefined, at: world.clock }, world.clock, signal)
  const held = (await privacy.disclose(ada, signal)).held
  expect(held.signOuts).toHaveLength(4)
  await privacy.forget(ada, signal)
  world.clock += 11 * minute
  await privacy.runJobs(signal)
  const left = (await world.store.list('signed-out/', signal)).keys.map((key) => key.split('/')[2])
  const expected = [`${ada}x`, bob].flatMap((sub) => [sub, `${sub}.hash`, `${sub}.unnamed`])
  expect(left.sort()).toEqual(expected.sort())
})

test('a forgetting that is killed at any step is finished by the next run', async () => {
  /** Forgets Ada with an instance that dies at the given operation, and returns how many operations there were. */
  async function forgetWithKillAt(kill: number): Promise<number> {
    const world = newWorld()
    const whole = instance(world)
    for (const client of ['a', 'b', 'c']) await whole.signIn(ada, client)
    let operations = 0
    const dying = instance(world, (store) => {
      const dies =
        <P extends unknown[], T>(operation: (...parameters: P) => Promise<T>) =>
        async (...parameters: P) => {
          operations += 1
          // Before its effect or after it, in turn.
          if (operations === kill) throw new StoreUnavailable('killed')
          const result = await operation(...parameters)
          if (operations === -kill || operations > Math.abs(kill)) throw new StoreUnavailable('killed')
          return result
        }
      const { get, create, replace, put, remove, list } = store
      const change = { get: dies(get), create: dies(create), replace: dies(replace) }
      return { ...change, put: dies(put), remove: dies(remove), list: dies(list) }
    })
    const attempt = async (work: () => Promise<unknown>) => {
      try {
        await work()
      } catch (error) {
        expect(error).toBeInstanceOf(StoreUnavailable)
      }
    }
    await attempt(() => dying.privacy.forget(ada, signal))
    const requested = (await keysAbout(world, ada)).some((key) => key.startsWith('forget/'))
    // The user was told that it failed, and asks again.
    if (!requested) await whole.privacy.forget(ada, signal)
    for (const wait of [11 * minute, 9 * hour]) {
      world.clock += wait
      await attempt(() => dying.privacy.runJobs(signal))
    }
    for (let run = 0; run < 2; run++) {
      world.clock += 9 * hour
      await whole.privacy.runJobs(signal)
    }
    expect(await keysAbout(world, ada)).toEqual([])
    return operations
  }
  const operations = await forgetWithKillAt(1_000_000)
  expect(operations).toBeGreaterThan(30)
  for (let step = 1; step <= operations; step++) {
    await forgetWithKillAt(step)
    await forgetWithKillAt(-step)
  }
})

test('the job of one user that fails keeps no other from being done', async () => {
  const world = newWorld()
  const broken: Place = {
    ...{ keys: 'broken', name: 'broken' },
    async *read() {},
    async forget(sub) {
      if (sub === ada) throw new StoreUnavailable('down')
    },
  }
  const { privacy, signIn, lines } = instance(world, undefined, [broken])
  for (const sub of [ada, bob]) {
    await signIn(sub)
    await privacy.forget(sub, signal)
    world.clock += 1000
  }
  world.clock += 11 * minute
  expect(await privacy.runJobs(signal)).toEqual({ done: 1, finished: false })
  expect(await privacy.forgetting(bob, signal)).toBe('removed')
  expect(await privacy.forgetting(ada, signal)).toBe('waiting')
  expect(lines).toContain('person_job_failed')
})

test('what is held on a user is disclosed, opened, and nothing of another', async () => {
  const world = newWorld()
  const { privacy, signIn } = instance(world)
  const grant = await signIn(ada)
  await signIn(bob)
  const disclosed = await privacy.disclose(ada, signal)
  expect(disclosed).toMatchObject({
    sub: ada,
    at: '2026-11-30T12:00:00.000Z',
    held: {
      grants: [{ key: grant, value: { clientHash: 'client-a' } }],
      connections: [{ value: { grant } }],
      user: [{ key: `users/${ada}`, value: { email: `${ada}@example.com`, organization: { id: 'org_1' } } }],
    },
  })
  expect(JSON.stringify(disclosed)).not.toContain(bob)
  expect((await privacy.disclose('nobody', signal)).held).toEqual({})
})

test('a malformed ID finds nothing, and removes nothing', async () => {
  const world = newWorld()
  await instance(world).signIn(ada)
  const before = await keysAbout(world, ada)
  for (const place of places(partsOf(world))) {
    for (const sub of ['', '../users', `${ada}/`]) {
      await place.forget(sub, signal).catch(() => undefined)
    }
  }
  expect(await keysAbout(world, ada)).toEqual(before)
})
