import { expect, test } from 'vitest'
import { isDue } from './schedule.ts'

test.each([
  ['*/10 * * * *', '2026-11-30T10:20:00Z', true],
  ['*/10 * * * *', '2026-11-30T10:25:00Z', false],
  ['17 * * * *', '2026-11-30T10:17:30Z', true],
  ['17 * * * *', '2026-11-30T10:18:00Z', false],
  ['0 3 * * *', '2026-11-30T03:00:00Z', true],
  ['0 3 * * *', '2026-11-30T04:00:00Z', false],
  ['0 0 * * 1', '2026-11-30T00:00:00Z', true],
])('the schedule %s at %s: %j', (schedule, at, due) => {
  expect(isDue(schedule, new Date(at))).toBe(due)
})
