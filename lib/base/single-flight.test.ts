import { expect, test } from 'vitest'
import { createSingleFlight } from './single-flight.ts'

const failing = async () => {
  throw new Error('no')
}

test('single flight: concurrent callers share one run, and a later caller starts another', async () => {
  const flight = createSingleFlight<number>()
  let runs = 0
  const work = async () => ++runs
  expect(await Promise.all([flight.run('a', work), flight.run('a', work), flight.run('b', work)])).toEqual([1, 1, 2])
  expect(flight.isRunning('a')).toBe(false)
  expect(await flight.run('a', work)).toBe(3)
})

test('single flight: a failure reaches all callers, and is not remembered', async () => {
  const flight = createSingleFlight<number>()
  const both = Promise.allSettled([flight.run('a', failing), flight.run('a', async () => 1)])
  expect(flight.isRunning('a')).toBe(true)
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await flight.run('a', async () => 2)).toBe(2)
})

test('single flight: with runOrRetry, a caller that shared a failure runs its own work', async () => {
  const flight = createSingleFlight<number>()
  const [first, second] = await Promise.allSettled([
    flight.runOrRetry('a', failing),
    flight.runOrRetry('a', async () => 1),
  ])
  expect(first.status).toBe('rejected')
  expect(second).toEqual({ status: 'fulfilled', value: 1 })
})
