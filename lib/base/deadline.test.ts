import { expect, test } from 'vitest'
import { startDeadline, withDeadline } from './deadline.ts'

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

test('work that takes too long is told so', async () => {
  const { promise, reject } = Promise.withResolvers<never>()
  const work = withDeadline(1, (signal) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    return promise
  })
  await expect(work).rejects.toMatchObject({ name: 'TimeoutError' })
})

test('work that is over leaves no timer behind, whether it succeeded or not', async () => {
  const before = timers()
  await withDeadline(60_000, async () => undefined)
  await withDeadline(60_000, async () => Promise.reject(new Error('no'))).catch(() => undefined)
  const deadline = startDeadline(60_000)
  deadline.end()
  expect(timers()).toBe(before)
  expect(deadline.signal.aborted).toBe(false)
})
