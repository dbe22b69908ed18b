import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../memory.ts'
import { type Store, StoreUnavailable } from '../store.ts'
import { type CopyReport, createCopy } from './copy.ts'
import { cellOf } from './mark.ts'
import { createMovingStore } from './moving-store.ts'

const { signal } = new AbortController()
const start = Date.UTC(2026, 10, 30)
const minute = 60_000

const contents = (count: number): readonly (readonly [key: string, value: object])[] => [
  ...Array.from({ length: count }, (_, index) => [`grants/202705/u_a/${index}`, { generation: index }] as const),
  ...Array.from({ length: count }, (_, index) => [`users/${index}`, { domain: 'a.example', z: 1, a: 2 }] as const),
  ...Array.from({ length: count }, (_, index) => [`audit/20261130/00/${index}`, { id: index }] as const),
  ['signing-keys/issuer', { keys: [1] }],
  ['blocked-clients/list', { entries: {} }],
  ['limits/1/tool/a/0', {}],
  ['ended/u_a', { at: 5, reason: 'test', forgetting: false }],
]

/** A deployment some time after its deploy, with a copy over two memory stores. */
async function createWorld(count = 3) {
  const [source, target] = [createMemoryStore(), createMemoryStore()]
  for (const [key, value] of contents(count)) await source.create(key, { ...value }, signal)
  const world = {
    source,
    target,
    clock: start,
    days: new Map([['20261130', 4]]),
    copyOver: (from: Store = source, to: Store = target) =>
      createCopy({
        from: 'blobs',
        to: 'postgres',
        source: from,
        target: to,
        events: {
          days: () => [...world.days.keys()],
          copy: async (day) => ({ copied: world.days.get(day) ?? 0, next: null }),
          drop: async (day) => void world.days.set(day, 0),
        },
        now: () => world.clock,
      }),
    moving: createMovingStore({ source, target, opened: async () => 'open' }),
  }
  return world
}
type World = Awaited<ReturnType<typeof createWorld>>

/** Lets the copy run until it is done, as the command does. */
async function runToEnd({ copyOver }: World, copy = copyOver()): Promise<CopyReport> {
  for (let slices = 0; slices < 500; slices++) {
    const report = await copy.run(1000, signal)
    if (report.progress.stage === 'done') return report
  }
  throw new Error('the copy does not come to its end')
}

/** Everything that moves has a mark at the source and the same value at the target. */
async function expectMoved({ source, target }: World, count: number) {
  for (const [key, value] of contents(count)) {
    if (key.startsWith('limits/')) {
      expect(await target.get(key, signal)).toBeNull()
      continue
    }
    expect(cellOf(await source.get(key, signal)).kind, key).toBe('mark')
    expect((await target.get(key, signal))?.value, key).toEqual(value)
  }
}

describe('the copy', () => {
  test('moves everything once, says what it did, and is complete when it began late enough', async () => {
    const world = await createWorld()
    await world.copyOver().run(0, signal)
    world.clock += 15 * minute
    const { progress, safe } = await runToEnd(world)
    await expectMoved(world, 3)
    expect(progress).toMatchObject({ total: 13, moved: 12, events: 4, unreadable: 0 })
    expect(progress.found).toEqual({ late: 0, merged: 0, wrong: 0, unreadable: 0 })
    expect(progress.collections.grants).toMatchObject({ records: 3, changed: 0 })
    expect(progress.collections.users?.handedOver).toBe(progress.collections.users?.atTarget)
    expect(safe).toBe(true)
  })

  test('is not complete while instances of the earlier deploy may run, however often it verifies', async () => {
    const world = await createWorld()
    const early = await runToEnd(world)
    expect([early.safe, early.stragglersUntil]).toEqual([false, start + 15 * minute])
    world.clock += 15 * minute
    await world.copyOver().restart('verify', signal)
    expect((await runToEnd(world)).safe).toBe(true)
  })

  test('finds what an older instance has written since, moves it, and is complete only after that', async () => {
    const world = await createWorld()
    await runToEnd(world)
    await world.source.create('users/late', { domain: 'late.example' }, signal)
    world.clock += 15 * minute
    await world.copyOver().restart('verify', signal)
    const report = await runToEnd(world)
    expect([report.safe, report.progress.found.late]).toEqual([false, 1])
    expect(await world.target.get('users/late', signal)).not.toBeNull()
    await world.copyOver().restart('verify', signal)
    expect((await runToEnd(world)).safe).toBe(true)
  })

  test('tells a record that changed after it had moved from one that is wrong', async () => {
    const world = await createWorld()
    await runToEnd(world)
    await world.target.put('users/1', { domain: 'changed.example' }, signal)
    await world.target.put('grants/202705/u_a/1', { generation: 7 }, signal)
    world.clock += 15 * minute
    await world.copyOver().restart('verify', signal)
    const good = await runToEnd(world)
    expect([good.safe, good.progress.collections.users?.changed]).toEqual([true, 1])
    for (const [key, value] of [
      ['grants/202705/u_a/2', { generation: 1 }],
      ['audit/20261130/00/1', { id: 'another' }],
      ['ended/u_a', { at: 4 }],
    ] as const) {
      const other = await createWorld()
      await runToEnd(other)
      await other.target.put(key, value, signal)
      other.clock += 15 * minute
      await other.copyOver().restart('verify', signal)
      const bad = await runToEnd(other)
      expect([bad.safe, bad.progress.found.wrong], key).toEqual([false, 1])
    }
  })

  test('is not complete while a record cannot be read, and goes on with all others', async () => {
    const world = await createWorld()
    const damaged: Store = {
      ...world.source,
      get: async (key, inTime) => {
        if (key === 'users/1') throw new StoreUnavailable('a stored record is not JSON')
        return world.source.get(key, inTime)
      },
    }
    world.clock += 15 * minute
    const report = await runToEnd(world, world.copyOver(damaged))
    expect([report.safe, report.progress.found.unreadable, report.progress.unreadable]).toEqual([false, 1, 1])
    expect(await world.target.get('users/2', signal)).not.toBeNull()
  })

  test('killed at every operation and continued by another run, it moves everything and nothing twice', async () => {
    let ways = 0
    for (const landed of [false, true]) {
      for (let last = 1; ; last += 3) {
        const world = await createWorld(2)
        let operations = 0
        const die = (store: Store): Store =>
          new Proxy(store, {
            get:
              (_, name: keyof Store) =>
              async (...operation: never[]) => {
                operations += 1
                if (operations > last || (operations === last && !landed)) throw new StoreUnavailable('died')
                const result = await (store[name] as (...of: never[]) => Promise<unknown>)(...operation)
                if (operations >= last) throw new StoreUnavailable('died')
                return result
              },
          })
        const early = world.copyOver(die(world.source), die(world.target))
        await early.run(10_000, signal).catch(() => undefined)
        await early.run(10_000, signal).catch(() => undefined)
        await runToEnd(world)
        await expectMoved(world, 2)
        ways += 1
        if (operations < last) break
      }
    }
    expect(ways).toBeGreaterThan(40)
  })

  test('two runs at the same time come to the same end', async () => {
    const world = await createWorld(200)
    await Promise.all([runToEnd(world), runToEnd(world)])
    await expectMoved(world, 200)
  })

  test('continues where it stopped, also in the middle of a page', async () => {
    const world = await createWorld(200)
    let reads = 0
    const slow: Store = {
      ...world.source,
      get: async (key, inTime) => {
        reads += 1
        world.clock += 1
        return world.source.get(key, inTime)
      },
    }
    let slices = 0
    for (; slices < 100; slices++) {
      const { progress } = await world.copyOver(slow).run(100, signal)
      if (progress.stage === 'verify') break
    }
    expect(slices).toBeGreaterThan(4)
    // Two or three reads for each record, and some for a batch that was cut off.
    expect(reads).toBeLessThan(604 * 4)
    await expectMoved(world, 200)
  })

  test('empties the source only when the move has been complete for five minutes', async () => {
    const world = await createWorld()
    expect(await world.copyOver().empty(1000, signal)).toBeNull()
    await world.copyOver().run(0, signal)
    world.clock += 15 * minute
    await runToEnd(world)
    expect(await world.copyOver().empty(1000, signal)).toBeNull()
    world.clock += 5 * minute
    expect(await world.copyOver().empty(1000, signal)).toMatchObject({ finished: true })
    expect((await world.source.list('', signal)).keys).toEqual([])
    expect((await world.target.get('users/1', signal))?.value).toMatchObject({ domain: 'a.example' })
  })

  test('moves back when the source is empty, and a second time', async () => {
    const world = await createWorld()
    const copies = [
      ['blobs', 'postgres', world.source, world.target],
      ['postgres', 'blobs', world.target, world.source],
      ['blobs', 'postgres', world.source, world.target],
    ] as const
    for (const [from, to, source, target] of copies) {
      const events = { days: () => [], copy: async () => ({ copied: 0, next: null }), drop: async () => undefined }
      const copy = createCopy({ from, to, source, target, events, now: () => world.clock })
      await copy.run(0, signal)
      world.clock += 15 * minute
      expect((await runToEnd(world, copy)).safe).toBe(true)
      world.clock += 5 * minute
      await copy.empty(1000, signal)
    }
    expect((await world.target.get('users/1', signal))?.value).toMatchObject({ domain: 'a.example' })
  })
})

describe('the service while the copy runs', () => {
  test('sees every record at every moment, and loses no write', async () => {
    const world = await createWorld(60)
    const writes = Array.from({ length: 60 }, (_, index) => `users/${index}`)
    const copying = runToEnd(world)
    for (const key of writes) {
      expect(await world.moving.get(key, signal), key).not.toBeNull()
      await world.moving.put(key, { domain: 'written.example' }, signal)
    }
    await copying
    for (const key of writes)
      expect((await world.moving.get(key, signal))?.value).toEqual({ domain: 'written.example' })
  })
})
