import type { CallToolResult } from '@modelcontextprotocol/server'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCaller } from './calls.ts'
import { throwUnlessOk } from './http.ts'

/** An upstream that sends Retry-After. Time passes only where a test advances it. */

const second = 1000
const result: CallToolResult = { content: [{ type: 'text', text: 'the answer' }] }
/** How each call ended, in order. */
const ended: object[] = []
/** The time of every attempt, in milliseconds since the beginning. */
const tries: number[] = []

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-11-21T08:00:00Z'), toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  tries.length = 0
  ended.length = 0
})
afterEach(() => void vi.useRealTimers())

/** Calls an upstream that is busy for the first `busy` tries. */
function call(
  refusal: () => Response,
  { busy = 1, signal = new AbortController().signal, totalTimeout = 45_000 } = {},
) {
  const begun = Date.now()
  const { call } = createCaller({ totalTimeout, report: (how, fields) => ended.push({ how, ...fields }) })
  return call(
    async () => {
      tries.push(Date.now() - begun)
      if (tries.length <= busy) await throwUnlessOk(refusal())
      return result
    },
    { saysWho: false, signal },
  )
}

const busy = (retryAfter: string, status = 429) => {
  return () => new Response('slow down', { status, headers: { 'retry-after': retryAfter } })
}

describe('Retry-After (RFC 9110 §10.2.3)', () => {
  test.each([
    ['0 is asked again at once', '0', 429, 0],
    ['1 is waited for', '1', 429, second],
    ['2 is waited for', '2', 429, 2 * second],
    ['1 of a server in maintenance is waited for', '1', 503, second],
    ['1 of a server that fails is waited for', '1', 500, second],
    ['a date in a second is waited for', 'Sat, 21 Nov 2026 08:00:01 GMT', 429, second],
    ['a date that has passed is asked again at once', 'Sat, 21 Nov 2026 07:59:00 GMT', 503, 0],
    ['a word is ignored', 'soon', 429, 0],
    ['a negative number is ignored', '-30', 429, 0],
    ['a signed number is ignored, and is not read as the year 2040', '+40', 429, 0],
    ['a fraction is ignored', '30.5', 429, 0],
    ['an empty value is ignored', '', 503, 0],
  ])('%s', async (_name, retryAfter, status, later) => {
    const answer = call(busy(retryAfter, status))
    await vi.advanceTimersByTimeAsync(Math.max(later - 1, 0))
    expect(tries).toEqual(later === 0 ? [0, 0] : [0])
    await vi.advanceTimersByTimeAsync(1)
    expect(await answer).toEqual({ kind: 'answer', result })
    expect(tries).toEqual([0, later])
    expect(ended).toMatchObject([{ how: 'answered', durationMs: later }])
  })

  test.each([
    ['30 seconds', '30', 429, 30],
    ['3 seconds', '3', 503, 3],
    ['a date', 'Sat, 21 Nov 2026 08:02:00 GMT', 429, 120],
    ['a date of the older form', 'Saturday, 21-Nov-26 08:02:00 GMT', 429, 120],
    ['a year is a day', '31536000', 429, 86_400],
  ])('%s is not waited for, but passed on', async (_name, retryAfter, status, seconds) => {
    expect(await call(busy(retryAfter, status))).toEqual({
      kind: 'failure',
      code: 'upstream_error',
      detail: `HTTP ${status}`,
      durationMs: 0,
      retryAfter: seconds,
    })
    expect(tries).toEqual([0])
  })

  test('a caller that is refused twice gets the delay of the second refusal', async () => {
    const answers = [busy('1'), busy('60', 503)]
    const answer = call(() => answers[tries.length - 1]?.() ?? new Response(), { busy: 2 })
    await vi.advanceTimersByTimeAsync(second)
    expect(await answer).toMatchObject({ kind: 'failure', detail: 'HTTP 503', retryAfter: 60 })
    expect(tries).toEqual([0, second])
  })

  test('a caller that is refused twice, and may come back at once, gets no delay', async () => {
    const answer = await call(busy('0'), { busy: 2 })
    expect(answer).toEqual({ kind: 'failure', code: 'upstream_error', detail: 'HTTP 429', durationMs: 0 })
  })

  test('another failure may carry Retry-After too, and is not repeated where a retry cannot help', async () => {
    expect(await call(busy('1', 501))).toMatchObject({ detail: 'HTTP 501', retryAfter: 1 })
    expect(tries).toEqual([0])
  })

  test('a caller that disconnects during the wait ends the call at once', async () => {
    const caller = new AbortController()
    const answer = call(busy('2'), { signal: caller.signal })
    await vi.advanceTimersByTimeAsync(second)
    caller.abort()
    expect(await answer).toMatchObject({ kind: 'failure', detail: 'HTTP 429', durationMs: second })
    expect(tries).toEqual([0])
    expect(ended).toMatchObject([{ how: 'failed', cancelled: true }])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('the total time limit ends the wait', async () => {
    const answer = call(busy('2'), { totalTimeout: second })
    await vi.advanceTimersByTimeAsync(second)
    expect(await answer).toMatchObject({ kind: 'failure', code: 'timeout', durationMs: second })
    expect(tries).toEqual([0])
  })
})

describe('an attempt is repeated', () => {
  const answering = (status: number) => () => new Response('', { status })

  test.each([404, 408, 425, 429, 500, 502, 503, 504, 507, 520, 521, 522, 523, 524, 525, 526, 527, 530, 599])(
    'after %i',
    async (status) => {
      expect(await call(answering(status))).toEqual({ kind: 'answer', result })
      expect(tries).toHaveLength(2)
    },
  )

  test.each([301, 302, 307, 400, 401, 402, 403, 405, 406, 409, 410, 413, 415, 422, 451, 501, 505])(
    'not after %i',
    async (status) => {
      expect(await call(answering(status))).toMatchObject({ detail: `HTTP ${status}` })
      expect(tries).toHaveLength(1)
    },
  )

  test.each([408, 500, 520])('but not a third time after %i', async (status) => {
    const answer = await call(answering(status), { busy: 9 })
    expect(answer).toEqual({ kind: 'failure', code: 'upstream_error', detail: `HTTP ${status}`, durationMs: 0 })
    expect(tries).toHaveLength(2)
  })
})
