import { expect, test } from 'vitest'
import { startDeadline, untilAborted, withDeadline } from './deadline.ts'

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
const endless = new Promise<never>(() => {})

test('deadline: work that takes too long is aborted', async () => {
  const work = withDeadline(1, (signal) => untilAborted(endless, signal))
  await expect(work).rejects.toMatchObject({ name: 'TimeoutError' })
})

test('deadline: finished work leaves no timer and no listener behind, whether it succeeded or not', async () => {
  const before = timers()
  const outer = new AbortController()
  await withDeadline(60_000, async () => undefined, outer.signal)
  await withDeadline(60_000, async () => Promise.reject(new Error('no'))).catch(() => undefined)
  const deadline = startDeadline(60_000, outer.signal)
  deadline.end()
  outer.abort()
  expect(timers()).toBe(before)
  expect(deadline.signal.aborted).toBe(false)
})

test.each([
  ['fires', (outer: AbortController) => setTimeout(() => outer.abort('the client has gone'), 1)],
  ['has fired already', (outer: AbortController) => outer.abort('the client has gone')],
])('deadline: fires when the outer signal %s', async (_name, abort) => {
  const outer = new AbortController()
  abort(outer)
  const work = withDeadline(60_000, (signal) => untilAborted(endless, signal), outer.signal)
  await expect(work).rejects.toMatchObject({ name: 'AbortError' })
})

test('untilAborted: settles as the work does', async () => {
  const { signal } = new AbortController()
  expect(await untilAborted(Promise.resolve(1), signal)).toBe(1)
  await expect(untilAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
})
