import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { recorded } from '../../dev/worlds/recording.ts'
import { times } from '../../dev/worlds/times.ts'
import type { GuessLimit, RateLimitVerdict } from '../base/rate-limit.ts'
import { createMemoryStore } from '../store/memory.ts'
import { type Store, StoreUnavailable } from '../store/store.ts'
import { parseRange } from './address.ts'
import { createLimiter, type LimiterOptions } from './limiter.ts'
import { sweepEnded } from './sweep.ts'

const never = new AbortController().signal
const address = '203.0.113.7'

/** Counts the operations of the store, and fails or hangs while a test wants it to. */
function watch(store: Store) {
  const watched = { operations: [] as string[], state: 'up' as 'up' | 'down' | 'hanging' }
  const around =
    <A extends readonly unknown[], R>(name: string, work: (...parameters: A) => Promise<R>) =>
    async (...parameters: A): Promise<R> => {
      watched.operations.push(`${name} ${parameters[0]}`)
      if (watched.state === 'down') throw new StoreUnavailable('down')
      if (watched.state === 'hanging') {
        const signal = parameters.find((parameter) => parameter instanceof AbortSignal)
        if (!signal?.aborted) await new Promise((resolve) => signal?.addEventListener('abort', resolve))
        throw new StoreUnavailable('the request ran out of time')
      }
      return work(...parameters)
    }
  return Object.assign(watched, {
    store: { ...store, create: around('create', store.create), list: around('list', store.list) },
  })
}

function world(options: Partial<LimiterOptions> = {}) {
  const memory = createMemoryStore()
  const watched = watch(memory)
  const clock = { now: Date.UTC(2026, 10, 21, 12, 0, 10) }
  const log: object[] = []
  const instance = (more: Partial<LimiterOptions> = {}): GuessLimit =>
    createLimiter({
      store: watched.store,
      name: 'test',
      limit: 3,
      windowSeconds: 60,
      exempt: [],
      key: new Uint8Array(32),
      now: () => clock.now,
      log: recorded((event, fields) => log.push({ event, ...fields })),
      ...options,
      ...more,
    })
  return { memory, watched, clock, log, instance }
}

const passes = (hits: readonly RateLimitVerdict[]) => hits.filter(({ limited }) => !limited).length

async function hitTimes(limiter: GuessLimit, times: number, from = address): Promise<RateLimitVerdict[]> {
  const hits: RateLimitVerdict[] = []
  for (let i = 0; i < times; i++) hits.push(await limiter.hit(from, never))
  return hits
}

describe('a limit of three a minute', () => {
  test('three hits pass, the fourth is told when to retry, and a new window starts from zero [O-11]', async () => {
    const { clock, instance } = world()
    const limiter = instance()
    const pass = { limited: false }
    expect(await hitTimes(limiter, 5)).toMatchObject([
      pass,
      pass,
      pass,
      ...Array(2).fill({ limited: true, retryAfter: 50 }),
    ])
    clock.now += 49_999
    expect(await limiter.hit(address, never)).toEqual({ limited: true, retryAfter: 1 })
    clock.now += 1
    expect(passes(await hitTimes(limiter, 5))).toBe(3)
  })

  test('a reached limit is known without counting and without a store operation until the window ends, separately for each subject [O-11]', async () => {
    const { watched, clock, instance } = world()
    const limiter = instance()
    expect(limiter.known(address)).toEqual({ limited: false })
    await hitTimes(limiter, 2)
    expect(limiter.known(address)).toEqual({ limited: false })
    await hitTimes(limiter, 1)
    const operations = watched.operations.length
    expect(limiter.known(address)).toEqual({ limited: true, retryAfter: 50 })
    expect([limiter.known(address, 'a client'), limiter.known('203.0.113.8'), limiter.known('nonsense')]).toEqual(
      Array(3).fill({ limited: false }),
    )
    expect(watched.operations).toHaveLength(operations)
    expect(await limiter.hit(address, never, 'a client')).toMatchObject({ limited: false })
    clock.now += 50_000
    expect(limiter.known(address)).toEqual({ limited: false })
  })

  test('each address is counted separately, and an IPv6 network as one address [A26]', async () => {
    const limiter = world().instance()
    expect(passes(await hitTimes(limiter, 4))).toBe(3)
    expect(passes(await hitTimes(limiter, 4, '203.0.113.8'))).toBe(3)
    const rotating = Array.from({ length: 20 }, (_, i) => `2001:db8:1:2::${i.toString(16)}`)
    expect(passes(await Promise.all(rotating.map((from) => limiter.hit(from, never))))).toBe(3)
  })

  test('limits of different names do not count for each other', async () => {
    const { instance } = world()
    expect(passes(await hitTimes(instance(), 4))).toBe(3)
    expect(passes(await hitTimes(instance({ name: 'other' }), 4))).toBe(3)
  })

  test('exempt ranges are not counted and need no store operation [R-12]', async () => {
    const { watched, instance } = world()
    const range = parseRange('203.0.113.0/24')
    const limiter = instance({ exempt: range ? [range] : [] })
    expect(passes(await hitTimes(limiter, 10))).toBe(10)
    expect(passes(await hitTimes(limiter, 10, '::ffff:203.0.113.9'))).toBe(10)
    expect(watched.operations).toEqual([])
    expect(passes(await hitTimes(limiter, 10, '198.51.100.1'))).toBe(3)
  })

  test('the store contains no address, and a reader without the key cannot find one by trying all of them [O-02]', async () => {
    const { watched, instance } = world()
    await instance().hit(address, never)
    const [other] = watched.operations.splice(0)
    await instance({ key: new Uint8Array(32).fill(1) }).hit(address, never)
    expect(watched.operations[0]?.split('/').slice(0, 4)).not.toEqual(other?.split('/').slice(0, 4))
    expect(`${other} ${watched.operations}`).not.toContain(address)
  })
})

describe('the store operations', () => {
  test('are one write for each hit, and none for an address over its limit', async () => {
    const { watched, instance, log } = world()
    const limiter = instance()
    await hitTimes(limiter, 3)
    expect(watched.operations.map((operation) => operation.split(' ')[0])).toEqual(['create', 'create', 'create'])
    await hitTimes(limiter, 50)
    expect(watched.operations).toHaveLength(3)
    expect(log).toEqual([])
  })

  test('are two for a new instance, once, with one log line', async () => {
    const { watched, instance, log } = world()
    await hitTimes(instance(), 3)
    watched.operations.length = 0
    const fresh = instance()
    expect(passes(await hitTimes(fresh, 50))).toBe(0)
    expect(watched.operations.map((operation) => operation.split(' ')[0])).toEqual(['create', 'list'])
    expect(log).toEqual([{ event: 'limit_reached', limit: 'test', subscriber: expect.any(String) }])
  })

  test('are saved for 2,000 remembered addresses; a forgotten address is still counted in the store', async () => {
    const limiter = world({ limit: 1 }).instance()
    await limiter.hit(address, never)
    const others = Array.from({ length: 2_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
    for (const other of others) await limiter.hit(other, never)
    expect(await limiter.hit(address, never)).toMatchObject({ limited: true })
  })
})

describe('while the store is down', () => {
  test.each(['down', 'hanging'] as const)('%s: hits pass, and the log counts them [O-11]', async (state) => {
    const { watched, log, instance } = world({ timeout: 20 })
    const limiter = instance()
    watched.state = state
    expect(passes(await Promise.all(Array.from({ length: 10 }, () => limiter.hit(address, never))))).toBe(10)
    expect(log).toHaveLength(10)
    expect(log[0]).toMatchObject({ event: 'limit_unavailable', limit: 'test' })
  })

  test('an outage uses nothing up: three hits pass after it', async () => {
    const { watched, instance } = world()
    const limiter = instance()
    watched.state = 'down'
    await hitTimes(limiter, 10)
    watched.state = 'up'
    expect(passes(await hitTimes(limiter, 5))).toBe(3)
  })

  test('an address that was over its limit stays over it', async () => {
    const { watched, instance } = world()
    const limiter = instance()
    await hitTimes(limiter, 3)
    watched.state = 'down'
    expect(await limiter.hit(address, never)).toMatchObject({ limited: true })
  })

  test('a request without an address passes, and the log counts it', async () => {
    const { log, instance } = world()
    expect(passes(await hitTimes(instance(), 10, ''))).toBe(10)
    expect(log).toHaveLength(10)
  })

  test('a bug is not taken for an outage', async () => {
    const limiter = world({ name: '../x' }).instance()
    await expect(limiter.hit(address, never)).rejects.toThrow(TypeError)
  })
})

test('exactly as many hits pass as the limit allows, in any order and on several instances at once [O-11]', async () => {
  const run = fc.asyncProperty(
    fc.scheduler(),
    fc.integer({ min: 1, max: 6 }),
    fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 20 }),
    fc.boolean(),
    async (scheduler, limit, order, listFirst) => {
      const memory = createMemoryStore()
      const store: Store = {
        ...memory,
        create: async (...parameters) => {
          await scheduler.schedule(Promise.resolve(), 'create begins')
          const write = await memory.create(...parameters)
          await scheduler.schedule(Promise.resolve(), 'create ends')
          return write
        },
        list: async (...parameters) => {
          const page = await memory.list(...parameters)
          await scheduler.schedule(Promise.resolve(), 'list ends')
          return page
        },
      }
      const { instance } = world({ store, limit, listFirst, now: () => 0 })
      const instances = [instance(), instance(), instance()]
      const hits = order.map((index) => (instances[index] ?? instance()).hit(address, never))
      await scheduler.waitFor(Promise.all(hits))
      expect(passes(await Promise.all(hits))).toBe(Math.min(limit, order.length))
    },
  )
  await fc.assert(run, { numRuns: times(100, 300), seed: 20261121 })
})

describe('the sweep', () => {
  const keys = async (store: Store) => (await store.list('', never)).keys

  test('removes windows that have ended, and reads nothing after the first one that has not [O-07]', async () => {
    const { memory, clock, instance } = world()
    await hitTimes(instance(), 2)
    await memory.put('limitsandmore/1/x', {}, never)
    clock.now += 3_600_000
    await hitTimes(instance(), 1)
    const before = await keys(memory)
    expect(await sweepEnded(memory, 'limits', clock.now, never)).toEqual({ removed: 2, finished: true })
    expect(await keys(memory)).toEqual([before[2], 'limitsandmore/1/x'])
  })

  test('a window that has just ended stays: the clock of another instance may be slow', async () => {
    const { memory, clock, instance } = world()
    await hitTimes(instance(), 2)
    const sweep = () => sweepEnded(memory, 'limits', clock.now, never)
    clock.now += 349_000
    expect(await sweep()).toMatchObject({ removed: 0 })
    clock.now += 1_000
    expect(await sweep()).toMatchObject({ removed: 2 })
  })

  test('reads on while whole pages have ended, and stops when its time is over', async () => {
    const { memory, clock } = world()
    for (let i = 0; i < 2_500; i++) await memory.put(`limits/1000000000/test/x/${i}`, {}, never)
    expect(await sweepEnded(memory, 'limits', clock.now, AbortSignal.abort())).toEqual({ removed: 0, finished: false })
    expect(await sweepEnded(memory, 'limits', clock.now, never)).toEqual({ removed: 2_500, finished: true })
    expect(await keys(memory)).toEqual([])
  })

  test('keys of another form stay, and do not stop the sweep', async () => {
    const { memory, clock } = world()
    const others = [
      'limits/-/a',
      'limits/-1/a',
      'limits/.9/a',
      'limits/0x99/a',
      'limits/1e9/a',
      'limits/12/a',
      'limits/end',
    ]
    // Enough keys to fill the first pages of the list, before all keys with a time.
    for (let i = 0; i < 2_100; i++) others.push(`limits/--/${i}`)
    for (const key of others) await memory.put(key, {}, never)
    for (let i = 0; i < 1_100; i++) await memory.put(`limits/1000000000/test/x/${i}`, {}, never)
    await memory.put('limits/9999999999/test/x/1', {}, never)
    expect(await sweepEnded(memory, 'limits', clock.now, never)).toEqual({ removed: 1_100, finished: true })
    for (const key of [...others, 'limits/9999999999/test/x/1'])
      expect(await memory.get(key, never), key).not.toBeNull()
    expect((await memory.list('limits/1000000000/', never)).keys).toEqual([])
  })

  test('reads one page of a collection that has not ended, however large it is', async () => {
    const { memory, watched, clock } = world()
    for (let i = 0; i < 2_500; i++) await memory.put(`limits/9999999999/test/x/${i}`, {}, never)
    expect(await sweepEnded(watched.store, 'limits', clock.now, never)).toEqual({ removed: 0, finished: true })
    expect(watched.operations).toHaveLength(1)
  })
})
