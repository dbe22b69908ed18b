import { expect, test } from 'vitest'
import { toVersion } from './version.ts'

test.each(['abc-1', '"abc-1"', 'W/"abc-1"', 'W/abc-1', '""abc-1""', ' "abc-1" '])('%j is the version abc-1', (etag) => {
  expect(toVersion(etag)).toBe('abc-1')
})

test.each([undefined, '', '""', 'W/""', ' '])('%j is not a version', (etag) => {
  expect(toVersion(etag)).toBe('')
})
