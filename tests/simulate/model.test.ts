import { describe, expect, test } from 'vitest'
import { type Containers, type RequestKind, type Run, simulate } from '../../bench/simulate/model.ts'
import { EventQueue } from '../../bench/simulate/queue.ts'
import { createRandom, exponential, skewed } from '../../bench/simulate/random.ts'
import { quantile } from '../../bench/statistics.ts'

const kind: RequestKind = { name: 'x', share: 1, cpu: 10, path: 0, after: 0, cold: 0, function: 'f' }
const store = { median: 20, tail: 20, faults: 0, attemptTimeout: 2000 }
const one: Containers = { kind: 'containers', count: 1, cpuFactor: 1 }
const second = 1000

const run = (changes: Partial<Run>): Run => ({
  kinds: [kind],
  platform: one,
  store,
  deadline: 8000,
  rate: () => changes.peak ?? 50,
  peak: 50,
  from: 0,
  countFrom: 100 * second,
  until: 1100 * second,
  random: createRandom(7),
  ...changes,
})
const functions = { kind: 'functions', start: 200, cpuFactor: 1, idle: 60 * second, thaw: 0 } as const
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const timesOf = (changes: Partial<Run>) => simulate(run(changes)).times.get('x') ?? []

describe('random numbers', () => {
  test('repeat themselves for a seed, and have the distribution that they should', () => {
    const [a, b] = [createRandom(1), createRandom(1)]
    expect(Array.from({ length: 100 }, a)).toEqual(Array.from({ length: 100 }, b))
    const random = createRandom(2)
    expect(mean(Array.from({ length: 100_000 }, () => exponential(random, 4)))).toBeCloseTo(0.25, 2)
    const times = Array.from({ length: 100_000 }, () => skewed(random, 20, 120))
    expect(quantile(times, 0.5) / 20).toBeCloseTo(1, 1)
    expect(quantile(times, 0.99) / 120).toBeCloseTo(1, 1)
  })
})

test('events come in the order of their times', () => {
  const random = createRandom(3)
  const queue = new EventQueue<number>()
  const times = Array.from({ length: 2000 }, () => Math.floor(random() * 500))
  for (const at of times) queue.add(at, at)
  const taken = Array.from({ length: 2000 }, () => queue.take()?.at)
  expect(taken).toEqual(times.toSorted((a, b) => a - b))
  expect(queue.take()).toBeUndefined()
})

describe('the model', () => {
  test('waits as queueing theory says: one server, random arrivals, always the same work (M/D/1)', () => {
    for (const load of [0.3, 0.6, 0.8]) {
      const waiting = mean(timesOf({ peak: load * 100 })) - 10
      // Pollaczek and Khinchine.
      const theory = (load * 10) / (2 * (1 - load))
      expect(waiting / theory).toBeGreaterThan(0.9)
      expect(waiting / theory).toBeLessThan(1.1)
    }
  })

  test('has as many requests under way as arrive in the time that one takes (Little)', () => {
    const upstream = { median: 3000, tail: 3000 }
    const { busy } = simulate(run({ kinds: [{ ...kind, upstream }], platform: functions, peak: 20 }))
    expect(busy / (1000 * second) / (20 * 3.01)).toBeCloseTo(1, 1)
  })

  test('starts as many instances as requests overlap, and no more once they are there', () => {
    const upstream = { median: 3000, tail: 3000 }
    const kinds = [{ ...kind, upstream, cold: 50 }]
    const steady = simulate(run({ kinds, platform: functions, peak: 20 }))
    expect(steady.instances).toBeGreaterThan(60)
    expect(steady.instances).toBeLessThan(120)
    expect(steady.cold / steady.requests).toBeLessThan(0.01)
    // With one request in ten minutes, nine of ten find no instance: the others come within a minute of the one before.
    const rare = simulate(run({ kinds, platform: functions, peak: 1 / 600, until: 200_000 * second }))
    expect(rare.cold / rare.requests).toBeGreaterThan(0.85)
    expect(rare.cold / rare.requests).toBeLessThan(0.95)
  })

  test('counts the store operations of the path into the answer, and those after it into the busy time only', () => {
    const kinds = [{ ...kind, path: 2, after: 3 }]
    const { times, busy, requests, operations } = simulate(run({ kinds, platform: functions, peak: 1 }))
    expect(quantile(times.get('x') ?? [], 0.5)).toBeCloseTo(50, 0)
    expect(busy / requests).toBeGreaterThan(69)
    expect(operations / requests).toBeGreaterThan(4.9)
  })

  test('repeats operations that fail, and gives up where none is answered', () => {
    const kinds = [{ ...kind, path: 1 }]
    const some = simulate(run({ kinds, store: { ...store, faults: 0.1 }, peak: 5 }))
    expect(some.retries).toBeGreaterThan(400)
    expect(some.failed / some.requests).toBeLessThan(0.004)
    const all = simulate(run({ kinds, store: { ...store, faults: 1 }, peak: 5 }))
    expect(all.failed).toBe(all.requests)
  })

  test('gives the same outcome for the same seed, and another one for another', () => {
    expect(timesOf({})).toEqual(timesOf({}))
    expect(timesOf({ random: createRandom(8) })).not.toEqual(timesOf({}))
  })
})
