import { expect, test } from 'vitest'
import { whenNeeded } from './when-needed.ts'

test('when needed: nothing is loaded before the first call, and all callers share one load', async () => {
  let loads = 0
  const get = whenNeeded(async () => ++loads)
  expect(loads).toBe(0)
  expect(await Promise.all([get(), get()])).toEqual([1, 1])
  expect(await get()).toBe(1)
})

test('when needed: a load that fails reaches the callers that wait for it, and the next caller loads again', async () => {
  let loads = 0
  const get = whenNeeded(async () => {
    loads += 1
    if (loads === 1) throw new Error('too many open files')
    return loads
  })
  const waiting = await Promise.allSettled([get(), get()])
  expect(waiting.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await Promise.all([get(), get()])).toEqual([2, 2])
})
