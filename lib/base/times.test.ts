import { expect, test } from 'vitest'
import { millisecondsOf, secondsOf } from './times.ts'

test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 1e15, 8.64e15, '1', null, undefined])('%s is no time', (value) => {
  expect(secondsOf(value)).toBeUndefined()
  expect(millisecondsOf(typeof value === 'number' ? 1000 * value : value)).toBeUndefined()
})

test.each([0, 1_764_500_000, 253_402_300_799])('%s is a time of which a date can be made', (value) => {
  expect(new Date(1000 * (secondsOf(value) ?? Number.NaN)).toISOString()).toHaveLength(24)
  expect(millisecondsOf(1000 * value)).toBe(1000 * value)
})
