import { expect, test } from 'vitest'
import { serviceFailure } from './failure.ts'

const failed = { kind: 'failure', code: 'upstream_error', detail: 'HTTP 503', durationMs: 7 } as const

test.each([
  [{ ...failed }, 'The search failed. Try again in a moment.'],
  [{ ...failed, retryAfter: 30 }, 'The search failed. Try again in 30 seconds.'],
  [{ ...failed, detail: 'HTTP 429', retryAfter: 1 }, 'The search has reached its limit. Try again in 1 second.'],
  [{ ...failed, detail: 'HTTP 429' }, 'The search has reached its limit. Try again in a moment.'],
  [{ ...failed, code: 'timeout' as const }, 'The search did not answer in time. Ask for less.'],
])('a temporary failure says when to try again: %j', (answer, message) => {
  const { content, isError } = serviceFailure(answer, 'The search', 'Ask for less.')
  expect(isError).toBe(true)
  expect(content).toHaveLength(1)
  const [item] = content
  expect(item?.type === 'text' && JSON.parse(item.text)).toMatchObject({ message, duration_ms: 7 })
})

test('a permanent failure says so, so that a model does not retry forever', () => {
  const { content } = serviceFailure({ ...failed, detail: 'HTTP 401', permanent: true }, 'The search')
  expect(JSON.stringify(content)).toMatch(/trying again will not help: tell the user/)
})
