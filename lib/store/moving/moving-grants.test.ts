import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Doors, everyOrder } from '../../../dev/worlds/orders.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createGrants, type Grant, type GrantRefusal, type Grants } from '../../oauth/grants/grants.ts'
import { beginGeneration, type GrantRecord, newGrantKey, subjectOf } from '../../oauth/grants/record.ts'
import { createMemoryStore } from '../memory.ts'
import { type Store, StoreUnavailable } from '../store.ts'
import { createHandOver } from './hand-over.ts'
import { cellOf } from './mark.ts'
import { createMovingStore } from './moving-store.ts'

const start = Date.UTC(2026, 10, 30, 12)
const endsAt = start / 1000 + 180 * 86_400
const key = newGrantKey(subjectOf('https://login.example/', 'ada'), endsAt)
const { signal } = new AbortController()
const opened = async () => 'open' as const
/** How many orders of the operations each test tries, chosen by a fixed seed. */
const orders = 300

const first: GrantRecord = beginGeneration(
  {
    generation: 0,
    createdAt: start / 1000,
    endsAt,
    clientHash: 'c',
    authenticationMethod: 'none',
    kid: 'k',
    codeHash: 'one',
  },
  { now: start, lifetime: 86_400, from: undefined },
)
const followerOf = (record: GrantRecord, now: number): GrantRecord =>
  beginGeneration(
    { ...record, generation: record.generation + 1, quickRotations: 0 },
    { now, lifetime: 86_400, from: undefined },
  )

/** The instances of a deployment in the middle of a move. */
interface Instances {
  /** Knows only the source, as the last release does. */
  readonly older: Grants
  /** Moves from the source to the target. There may be several. */
  moving(): Grants
  /** Moves the other way, since the operator has turned the move around. */
  readonly turned: Grants
  /** Knows only the target, as after the move. */
  readonly later: Grants
  /** What the copy does with the grant. */
  copy(): Promise<unknown>
}

interface World extends Instances {
  readonly source: Store
  readonly target: Store
  clock: number
}

/** @param doors if present, decides the order of all operations of the instances */
function createWorld(doors?: Doors): World {
  const [source, target] = [createMemoryStore(), createMemoryStore()]
  const open = (store: Store) => doors?.(store, (name) => name === key) ?? store
  const grants = (store: Store) => createGrants({ store, now: () => world.clock, grace: 60, log: recorded() })
  const moving = (from: Store, to: Store) => grants(createMovingStore({ source: open(from), target: open(to), opened }))
  const world: World = {
    source,
    target,
    clock: start + 10_000,
    older: grants(open(source)),
    moving: () => moving(source, target),
    turned: moving(target, source),
    later: grants(open(target)),
    copy: () => createHandOver(open(source), open(target)).carry(key, signal),
  }
  return world
}

type Outcome = Grant | GrantRefusal | '503'

/** An answer of the token endpoint: a store that does not answer is a 503. */
const answerOf = (work: Promise<Grant | GrantRefusal | undefined>): Promise<Outcome> =>
  work.then(
    (answer) => answer ?? { refused: 'ended' },
    (error: unknown) => {
      if (error instanceof StoreUnavailable) return '503'
      throw error
    },
  )

const refresh = (world: World, instance: Grants, from: Grant): Promise<Outcome> => {
  const { record, version } = from
  return answerOf(
    instance.rotate(key, followerOf(record, world.clock), { ...record, version, rotatedAt: record.rotatedAt }, signal),
  )
}
const redeem = (instance: Grants, record = first): Promise<Outcome> =>
  answerOf(instance.redeem(key, record, signal, start / 1000))
const revoke = (instance: Grants): Promise<Outcome> =>
  answerOf(instance.revoke(key, 'test', signal).then(() => undefined))

const isGrant = (outcome: Outcome): outcome is Grant => typeof outcome === 'object' && 'record' in outcome

/** Makes a grant at the source, as it was before the move. */
async function grantAtSource(world: World): Promise<Grant> {
  const made = await createGrants({ store: world.source, now: () => start, grace: 60, log: recorded() }).redeem(
    key,
    first,
    signal,
    start / 1000,
  )
  if ('refused' in made) throw new Error('the grant of the test was refused')
  return made
}

/** Reads the grant as an instance does that moves, after everything has come to rest. */
async function settled({ source, target }: World) {
  const store = createMovingStore({ source, target, opened })
  const values = [cellOf(await source.get(key, signal)), cellOf(await target.get(key, signal))]
  const copies = values.filter(({ kind }) => kind === 'value').length
  const stored = await store.get(key, signal)
  // The record is at the target after it was read, and no instance of the old release can read it any more.
  expect(cellOf(await source.get(key, signal)).kind).not.toBe('value')
  return { copies, record: stored?.value as GrantRecord | undefined, version: stored?.version }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a grant that moves, in whatever order the two stores carry out the operations [N32]', () => {
  test('refreshed during the copy: every caller gets the same token, and none is signed out', async () => {
    const ran = await everyOrder(async (doors) => {
      const world = createWorld(doors)
      const grant = await grantAtSource(world)
      const outcomes: Outcome[] = []
      const work = [
        refresh(world, world.moving(), grant).then((one) => outcomes.push(one)),
        refresh(world, world.moving(), grant).then((one) => outcomes.push(one)),
        world.copy(),
      ]
      await doors.run(Promise.all(work))
      expect(outcomes.every(isGrant)).toBe(true)
      const { copies, record, version } = await settled(world)
      expect([copies, record?.generation, record?.revokedAt]).toEqual([1, 1, undefined])
      expect(outcomes.map((one) => isGrant(one) && one.version)).toEqual([version, version])
    }, orders)
    expect(ran).toBe(orders)
  })

  test('refreshed by an instance of the old release: it gets a token or 503, and never loses the session', async () => {
    let served = 0
    await everyOrder(async (doors) => {
      const world = createWorld(doors)
      const grant = await grantAtSource(world)
      const work = [refresh(world, world.older, grant), refresh(world, world.moving(), grant), world.copy()] as const
      await doors.run(Promise.all(work))
      const [older, moving] = await Promise.all([work[0], work[1]])
      expect(isGrant(moving)).toBe(true)
      expect(older === '503' || isGrant(older)).toBe(true)
      if (isGrant(older)) served += 1
      const { copies, record } = await settled(world)
      expect([copies, record?.generation, record?.revokedAt]).toEqual([1, 1, undefined])
    }, orders)
    expect(served).toBeGreaterThan(0)
  })

  test.each(['older', 'moving'] as const)(
    'revoked at an instance (%s) during the copy: it stays revoked',
    async (by) => {
      await everyOrder(async (doors) => {
        const world = createWorld(doors)
        const grant = await grantAtSource(world)
        const instance = by === 'older' ? world.older : world.moving()
        const work = [revoke(instance), refresh(world, world.moving(), grant), world.copy()] as const
        await doors.run(Promise.all(work))
        const done = (await work[0]) !== '503'
        const { copies, record } = await settled(world)
        expect(copies).toBe(1)
        if (done) expect(record?.revokedAt).toBeDefined()
        if (by === 'moving') expect(done).toBe(true)
        // An instance of the old release learns that the grant has ended, and lets its access tokens no longer pass.
        if (by === 'moving') expect((await world.source.get(key, signal))?.value.revokedAt).toBeDefined()
      }, orders)
    },
  )

  test('replayed after a while: the replay ends it, and says so only once the tombstone stands', async () => {
    await everyOrder(async (doors) => {
      const world = createWorld(doors)
      const grant = await grantAtSource(world)
      const second = await world.source.replace(key, followerOf(first, start), grant.version, signal)
      expect(second.won).toBe(true)
      world.clock = start + 3_600_000
      const replay = refresh(world, world.moving(), grant)
      await doors.run(Promise.all([replay, world.copy()]))
      expect(await replay).toEqual({ refused: 'reuse' })
      expect((await settled(world)).record).toMatchObject({ generation: 1, revokedReason: 'refresh_reuse' })
    }, orders)
  })

  test.each(['older', 'moving', 'later'] as const)(
    'redeemed at an instance that moves and at another (%s): at most one wins',
    async (other) => {
      let won = 0
      await everyOrder(async (doors) => {
        const world = createWorld(doors)
        const instance = other === 'moving' ? world.moving() : world[other]
        const again = { ...first, rotatedAtMilliseconds: start + 1 }
        const work = [redeem(world.moving()), redeem(instance, again)] as const
        // An instance that knows only the target runs when no other knows only the source, so there is nothing to copy.
        await doors.run(Promise.all(other === 'later' ? work : [...work, world.copy()]))
        const winners = (await Promise.all(work)).filter(isGrant)
        expect(winners.length).toBeLessThanOrEqual(1)
        won += winners.length
        const { copies, record } = await settled(world)
        expect(copies).toBe(1)
        expect(record).toBeDefined()
      }, orders)
      expect(won).toBeGreaterThan(orders / 3)
    },
  )

  test('read and copied in the middle of its creation: its code still gets tokens', async () => {
    await everyOrder(async (doors) => {
      const world = createWorld(doors)
      const made = redeem(world.moving())
      await doors.run(Promise.all([made, world.copy(), world.moving().read(key, signal)]))
      const outcome = await made
      expect(isGrant(outcome) && outcome.version).toBe((await settled(world)).version)
    }, orders)
  })

  test('refreshed while the operator turns the move around: no session ends, and one generation is left', async () => {
    await everyOrder(async (doors) => {
      const world = createWorld(doors)
      const grant = await grantAtSource(world)
      const work = [refresh(world, world.moving(), grant), refresh(world, world.turned, grant), world.copy()] as const
      await doors.run(Promise.all(work))
      const outcomes = await Promise.all([work[0], work[1]])
      expect(outcomes.every((one) => one === '503' || isGrant(one))).toBe(true)
      const { copies, record } = await settled(world)
      expect([copies <= 1, record?.generation, record?.revokedAt]).toEqual([true, 1, undefined])
    }, orders)
  })

  test('removed during the copy: it does not come back', async () => {
    await everyOrder(async (doors) => {
      const world = createWorld()
      await grantAtSource(world)
      const [source, target] = [doors(world.source, () => true), doors(world.target, () => true)]
      const removal = createMovingStore({ source, target, opened }).remove(key, signal)
      const copy = createHandOver(source, target).carry(key, signal)
      const read = createMovingStore({ source, target, opened }).get(key, signal)
      await doors.run(Promise.all([removal, copy, read]))
      expect(await world.source.get(key, signal)).toBeNull()
      expect(await world.target.get(key, signal)).toBeNull()
    }, orders)
  })
})

/** A store whose owner dies with its operation number `last`: before it takes effect, or after. Both stores share the count. */
function mortal(last: number, landed: boolean) {
  let operations = 0
  const guard =
    <P extends unknown[], T>(operation: (...parameters: P) => Promise<T>) =>
    async (...parameters: P): Promise<T> => {
      operations += 1
      if (operations > last || (operations === last && !landed)) throw new StoreUnavailable('died')
      const result = await operation(...parameters)
      if (operations >= last) throw new StoreUnavailable('died')
      return result
    }
  return {
    operations: () => operations,
    of: (store: Store): Store => ({
      get: guard(store.get),
      create: guard(store.create),
      replace: guard(store.replace),
      put: guard(store.put),
      remove: guard(store.remove),
      list: guard(store.list),
    }),
  }
}

describe('an instance that dies at any of its operations [N32]', () => {
  /** What the instance does, and what must hold after the client has tried again at another instance. */
  const works: Readonly<
    Record<string, { do(world: World, grants: Grants, grant: Grant): Promise<Outcome>; again(outcome: Outcome, record: GrantRecord | undefined): void }> // biome-ignore format: one line
  > = {
    refresh: {
      do: refresh,
      again(outcome, record) {
        expect(isGrant(outcome)).toBe(true)
        expect([record?.generation, record?.revokedAt]).toEqual([1, undefined])
      },
    },
    revoke: {
      do: (_world, grants) => revoke(grants),
      again(outcome, record) {
        expect(outcome).not.toBe('503')
        expect(record?.revokedAt).toBeDefined()
      },
    },
    redeem: {
      do: (_world, grants) => redeem(grants, { ...first, codeHash: 'another' }),
      again(outcome, record) {
        expect(outcome).toEqual({ refused: 'other-code' })
        expect([record?.codeHash, record?.revokedAt]).toEqual(['one', undefined])
      },
    },
  }
  test.each(Object.entries(works))('%s: the next attempt finds everything in order', async (_name, work) => {
    vi.useRealTimers()
    let ways = 0
    for (const landed of [false, true]) {
      for (let last = 1; ; last++) {
        const world = createWorld()
        const grant = await grantAtSource(world)
        const death = mortal(last, landed)
        const store = createMovingStore({ source: death.of(world.source), target: death.of(world.target), opened })
        const grants = createGrants({ store, now: () => world.clock, grace: 60, log: recorded() })
        await work.do(world, grants, grant)
        work.again(await work.do(world, world.moving(), grant), (await settled(world)).record)
        ways += 1
        if (death.operations() < last) break
      }
    }
    expect(ways).toBeGreaterThan(6)
  })

  test('a new code: it is redeemed at most once, and the grant that the dead instance made is there', async () => {
    vi.useRealTimers()
    for (const landed of [false, true]) {
      for (let last = 1; last < 8; last++) {
        const world = createWorld()
        const death = mortal(last, landed)
        const store = createMovingStore({ source: death.of(world.source), target: death.of(world.target), opened })
        const early = await redeem(createGrants({ store, now: () => world.clock, grace: 60, log: recorded() }))
        const late = await redeem(world.moving())
        expect([early, late].filter(isGrant).length).toBeLessThanOrEqual(1)
        expect((await settled(world)).record?.generation).toBe(0)
      }
    }
  })

  test('the copy: another run finishes what it began', async () => {
    for (const landed of [false, true]) {
      for (let last = 1; last < 8; last++) {
        const world = createWorld()
        const grant = await grantAtSource(world)
        const death = mortal(last, landed)
        const handOver = createHandOver(death.of(world.source), death.of(world.target))
        await handOver.carry(key, signal).catch(() => undefined)
        await world.copy()
        expect(cellOf(await world.target.get(key, signal)).kind).toBe('value')
        expect(isGrant(await refresh(world, world.moving(), grant))).toBe(true)
        expect(await settled(world)).toMatchObject({ copies: 1, record: { generation: 1 } })
      }
    }
  })
})

describe('the last release, which knows no marks [N32 N34]', () => {
  test('answers 503 for a grant that has moved, to every question that it asks', async () => {
    const world = createWorld()
    const grant = await grantAtSource(world)
    await world.copy()
    expect(await refresh(world, world.older, grant)).toBe('503')
    expect(await redeem(world.older)).toBe('503')
    expect(await revoke(world.older)).toBe('503')
    await expect(world.older.read(key, signal)).rejects.toThrow(StoreUnavailable)
  })

  test('knows of a grant that was revoked after it had moved that it has ended', async () => {
    const world = createWorld()
    const grant = await grantAtSource(world)
    await world.copy()
    await revoke(world.moving())
    expect(await refresh(world, world.older, grant)).toEqual({ refused: 'revoked' })
  })
})

describe('two live records of one grant, which only a wrong configuration makes', () => {
  const revokedAt = start / 1000
  test.each<[string, Partial<GrantRecord>, Partial<GrantRecord>, Partial<GrantRecord>]>([
    ['the source was revoked', { generation: 1, revokedAt }, { generation: 4 }, { generation: 4, revokedAt }],
    ['the target was revoked', { generation: 4 }, { generation: 1, revokedAt }, { generation: 4, revokedAt }],
    ['the source is later', { generation: 4 }, { generation: 1 }, { generation: 4 }],
    ['the target is later', { generation: 1 }, { generation: 4 }, { generation: 4 }],
  ])('become one: %s', async (_what, here, there, expected) => {
    const world = createWorld()
    await world.source.create(key, { ...first, ...here }, signal)
    await world.target.create(key, { ...first, ...there }, signal)
    expect(await world.copy()).toBe('merged')
    const { copies, record } = await settled(world)
    expect(copies).toBe(1)
    expect([record?.generation, record?.revokedAt]).toEqual([expected.generation, expected.revokedAt])
  })
})
