import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { everyOrder } from '../../../dev/worlds/orders.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { times } from '../../../dev/worlds/times.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { endGrantsOf } from './end-person.ts'
import { type Fence, fenceKey, isFenced, readFence, writeFence } from './fence.ts'
import { createGrants, type Grant, type GrantRefusal } from './grants.ts'
import { type GrantRecord, newGrantKey, subjectOf } from './record.ts'

const approvedAt = Date.UTC(2026, 10, 30, 12) / 1000
/** The user is ended a minute after the approval. */
const now = (approvedAt + 60) * 1000
const endsAt = approvedAt + 180 * 86_400
const sub = subjectOf('https://login.example/', 'ada')
const record: GrantRecord = {
  generation: 0,
  createdAt: now / 1000,
  rotatedAt: now / 1000,
  expiresAt: endsAt,
  endsAt,
  clientHash: 'c',
  authenticationMethod: 'none',
  kid: 'k',
  codeHash: 'one',
}
const { signal } = new AbortController()

const instance = (store: Store) => createGrants({ store, now: () => now, grace: 60, log: recorded() })

/** What the token endpoint does with a code: it redeems, answers, and then looks at the fence again. */
async function redeem(store: Store, key: string, approved: number | undefined = approvedAt) {
  const grants = instance(store)
  const grant = await grants.redeem(key, record, signal, approved)
  if (!('refused' in grant)) await grants.endIfFenced(key, grant, signal, approved)
  return grant
}

async function end(store: Store, forgetting = false) {
  await writeFence(store, sub, { at: now, reason: 'test', forgetting }, signal)
  await endGrantsOf({ store, grants: instance(store), now }, sub, 'test', signal)
}

const isLive = async (store: Store, key: string) => {
  const stored = await store.get(key, signal)
  return stored !== null && stored.value.revokedAt === undefined
}

describe('a user who is ended in the middle of a sign-in', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test.each<[string, number, Fence | undefined, most: number | undefined]>([
    ['one redemption', 1, undefined, undefined],
    ['one redemption, after an earlier end', 1, { at: 1000, reason: 'earlier', forgetting: false }, undefined],
    ['two redemptions of one code', 2, undefined, times(400, 1500)],
  ])(
    'has no live grant in whatever order the store carries out the operations: %s [N2]',
    async (_what, redeemed, before, most) => {
      let given = 0
      const orders = await everyOrder(async (open) => {
        const store = createMemoryStore()
        if (before) await store.put(fenceKey(sub), { ...before }, signal)
        const key = newGrantKey(sub, endsAt)
        // Months in which the user has no grant make no difference.
        const matters = (name: string) => name.startsWith(key.slice(0, 13)) || name === fenceKey(sub)
        const answers: (Grant | GrantRefusal)[] = []
        const redemptions = Array.from({ length: redeemed }, () =>
          redeem(open(store, matters), key).then((answer) => answers.push(answer)),
        )
        await open.run(Promise.all([...redemptions, end(open(store, matters))]))
        expect(await isLive(store, key)).toBe(false)
        const winners = answers.filter((answer) => !('refused' in answer)).length
        expect(winners).toBeLessThanOrEqual(1)
        given += winners
      }, most)
      // Some redemptions end before the fence is written, so they are answered. Their grants end as well.
      expect(orders).toBeGreaterThan(50)
      expect(given).toBeGreaterThan(0)
      expect(given).toBeLessThan(orders)
    },
  )
})

describe('the fence', () => {
  test('refuses the code of a sign-in from before it, ends its grant, and lets a later sign-in pass', async () => {
    const store = createMemoryStore()
    await end(store)
    const early = newGrantKey(sub, endsAt)
    expect(await redeem(store, early)).toEqual({ refused: 'ended' })
    expect((await store.get(early, signal))?.value).toMatchObject({ revokedReason: 'person_ended' })
    const late = newGrantKey(sub, endsAt)
    expect(await redeem(store, late, now / 1000 + 6)).toMatchObject({ record })
    expect(await isLive(store, late)).toBe(true)
  })

  test('refuses codes without a time, which earlier releases made', async () => {
    const store = createMemoryStore()
    const key = newGrantKey(sub, endsAt)
    expect(await instance(store).redeem(key, record, signal)).toMatchObject({ record })
    await end(store)
    expect(await instance(store).redeem(newGrantKey(sub, endsAt), record, signal)).toEqual({ refused: 'ended' })
  })

  test('refuses every sign-in of a user who is being forgotten', async () => {
    const store = createMemoryStore()
    await end(store, true)
    expect(await redeem(store, newGrantKey(sub, endsAt), now / 1000 + 3600)).toEqual({ refused: 'ended' })
  })

  test('never moves back, and one that forgets stays so', async () => {
    const store = createMemoryStore()
    const write = (at: number, forgetting: boolean) =>
      writeFence(store, sub, { at, reason: `${at}`, forgetting }, signal)
    await Promise.all(Array.from({ length: 20 }, (_, index) => write(index, index === 3)))
    expect(await readFence(store, sub, signal)).toEqual({ at: 19, reason: '19', forgetting: true })
  })

  test.each([
    ['a sign-in from before', 999_000, true],
    ['one at the same time', 1_000_000, true],
    ['one from an instance whose clock is ahead', 1_004_000, true],
    ['a later one', 1_006_000, false],
    ['one whose time is not known', undefined, true],
  ])('ends %s: %s', (_what, began, fenced) => {
    expect(isFenced({ at: 1_000_000, reason: '', forgetting: false }, began)).toBe(fenced)
    expect(isFenced(null, began)).toBe(false)
  })

  test('a store that does not answer gives nothing', async () => {
    const inner = createMemoryStore()
    const get: Store['get'] = async (key, ...more) => {
      if (key.startsWith('ended/')) throw new StoreUnavailable('down')
      return inner.get(key, ...more)
    }
    await expect(redeem({ ...inner, get }, newGrantKey(sub, endsAt))).rejects.toThrow(StoreUnavailable)
    await inner.put(fenceKey(sub), { at: 'yesterday' }, signal)
    await expect(redeem(inner, newGrantKey(sub, endsAt))).rejects.toThrow(StoreUnavailable)
  })

  test('a redemption costs the read of the fence besides its write, both at the same time', async () => {
    const inner = createMemoryStore()
    const begun: string[] = []
    const { promise: both, resolve } = Promise.withResolvers<void>()
    const begin = (what: string) => {
      begun.push(what)
      if (begun.length === 2) resolve()
      return both
    }
    const store: Store = {
      ...inner,
      create: (...parameters) => begin('create').then(() => inner.create(...parameters)),
      get: (...parameters) => begin('get').then(() => inner.get(...parameters)),
    }
    await instance(store).redeem(newGrantKey(sub, endsAt), record, signal, approvedAt)
    expect(begun).toEqual(['create', 'get'])
  })
})

describe('ending the grants of a user', () => {
  test('has no cap, and touches no other user', async () => {
    const store = createMemoryStore()
    const bob = newGrantKey(subjectOf('https://login.example/', 'bob'), endsAt)
    const keys = Array.from({ length: 2500 }, (_, index) => newGrantKey(sub, endsAt - (index % 7) * 28 * 86_400))
    for (const key of [...keys, bob]) await store.create(key, record, signal)
    expect(await endGrantsOf({ store, grants: instance(store), now }, sub, 'test', signal)).toBe(2500)
    expect(await Promise.all(keys.map((key) => isLive(store, key)))).not.toContain(true)
    expect(await isLive(store, bob)).toBe(true)
    expect(await endGrantsOf({ store, grants: instance(store), now }, 'u_', 'test', signal)).toBe(0)
  })

  test('a grant that cannot be ended keeps no other from ending, and is reported', async () => {
    const store = createMemoryStore()
    const [damaged, ...others] = Array.from({ length: 5 }, () => newGrantKey(sub, endsAt)) as [string, ...string[]]
    await store.put(damaged, { not: 'a grant' }, signal)
    for (const key of others) await store.create(key, record, signal)
    await expect(end(store)).rejects.toThrow(StoreUnavailable)
    expect(await Promise.all(others.map((key) => isLive(store, key)))).not.toContain(true)
  })
})

test('a fence never moves back, and one that forgets stays so, whatever is written after it [N2]', async () => {
  const store = createMemoryStore()
  const write = (at: number, forgetting = false) => writeFence(store, sub, { at, reason: 'test', forgetting }, signal)
  await write(now)
  await write(now - 60_000)
  expect(await readFence(store, sub, signal)).toMatchObject({ at: now, forgetting: false })
  await write(now - 60_000, true)
  expect(await readFence(store, sub, signal)).toMatchObject({ at: now, forgetting: true })
  await write(now + 1)
  expect(await readFence(store, sub, signal)).toMatchObject({ at: now + 1, forgetting: true })
})

test('a sign-in that something else than the fence ends gives nothing, and its grant ends at once', async () => {
  const store = createMemoryStore()
  const key = newGrantKey(sub, endsAt)
  const ended = Promise.resolve(true)
  expect(await instance(store).redeem(key, record, signal, approvedAt, ended)).toEqual({ refused: 'ended' })
  expect(await isLive(store, key)).toBe(false)
  expect((await redeem(store, newGrantKey(sub, endsAt))) as Grant | GrantRefusal).not.toHaveProperty('refused')
})
