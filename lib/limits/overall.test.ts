import { describe, expect, test, vi } from 'vitest'
import { recorded } from '../../dev/worlds/recording.ts'
import type { OverallLimit } from '../base/rate-limit.ts'
import { createMemoryStore } from '../store/memory.ts'
import { type Store, StoreUnavailable } from '../store/store.ts'
import { parseRange } from './address.ts'
import { createOverallLimit } from './overall.ts'

const address = '203.0.113.7'
const never = new AbortController().signal

/** Evenly spread numbers from 0 to 1: every hit that is due is counted. */
function evenly() {
  let n = 0
  return () => {
    n += 1
    return (n * 0.618_033_988_75) % 1
  }
}

function world(limit: number, store: Store = createMemoryStore()) {
  const logged: unknown[] = []
  const clock = { now: Date.UTC(2026, 10, 21) }
  const instance = (random = evenly()) =>
    createOverallLimit({
      store,
      name: 'all-registrations',
      limit,
      windowSeconds: 3600,
      exempt: [parseRange('198.51.100.0/24')].filter((range) => range !== null),
      key: new Uint8Array(32),
      now: () => clock.now,
      log: recorded((event, fields) => logged.push([event, fields?.limit])),
      random,
    })
  return { clock, store, instance, logged }
}

/** Returns the number of hits that pass until the limit is known; at most `most`. */
async function passing(limits: readonly OverallLimit[], most: number): Promise<number> {
  for (let n = 0; n < most; n += 1) {
    const limit = limits[n % limits.length]
    if (limit?.known(address).limited) return n
    await limit?.count(address, never)
  }
  return most
}

describe('a limit for all callers together [R-12]', () => {
  test.each([1, 3, 60, 100])(
    'of %i: all hits are counted, and exactly that many pass on one instance',
    async (limit) => {
      expect(await passing([world(limit).instance()], 1_000)).toBe(limit)
    },
  )

  test.each([1_000, 10_000])('of %i: about that many pass, with a hundred records in the store', async (limit) => {
    const { instance, store } = world(limit)
    const passed = await passing([instance()], 2 * limit)
    expect(Math.abs(passed - limit)).toBeLessThan(0.05 * limit)
    expect((await store.list('limits/', never)).keys).toHaveLength(100)
  })

  test.each([1, 3, 100])(
    'of %i: is logged once in a window, also by an instance that has counted every hit itself',
    async (limit) => {
      const { instance, logged, clock } = world(limit)
      const one = instance()
      await passing([one], 1_000)
      for (let n = 0; n < 5; n += 1) expect(one.known(address).limited).toBe(true)
      expect(logged).toEqual([['limit_reached', 'all-registrations']])
      clock.now += 3_600_000
      await passing([one], 1_000)
      expect(logged).toHaveLength(2)
    },
  )

  test('holds for several instances together: each learns it from its first failed count', async () => {
    const { instance } = world(1_000)
    const instances = [instance(), instance(), instance(), instance()]
    const passed = await passing(instances, 5_000)
    expect(passed).toBeGreaterThan(900)
    expect(passed).toBeLessThan(1_200)
  })

  test('ends with the window', async () => {
    const { instance, clock } = world(3)
    const limit = instance()
    await passing([limit], 10)
    expect(limit.known(address)).toEqual({ limited: true, retryAfter: 3600 })
    clock.now += 3_600_000
    expect(limit.known(address)).toEqual({ limited: false })
  })

  test('needs no store operation before an answer, and for most hits none after it', async () => {
    const memory = createMemoryStore()
    const create = vi.fn(memory.create)
    const { instance } = world(10_000, { ...memory, create })
    const limit = instance()
    for (let n = 0; n < 1_000; n += 1) {
      expect(limit.known(address)).toEqual({ limited: false })
      await limit.count(address, never)
    }
    expect(create.mock.calls.length).toBeLessThan(20)
  })

  test('an exempt range is neither counted nor limited', async () => {
    const limit = world(3).instance()
    for (let n = 0; n < 10; n += 1) await limit.count('198.51.100.7', never)
    expect(limit.known(address)).toEqual({ limited: false })
    await passing([limit], 10)
    expect([limit.known(address).limited, limit.known('198.51.100.7').limited]).toEqual([true, false])
  })

  test('a store that is down lets every caller pass', async () => {
    const down = async () => {
      throw new StoreUnavailable('down')
    }
    const { instance } = world(3, { ...createMemoryStore(), create: down, list: down })
    expect(await passing([instance()], 50)).toBe(50)
  })
})
