import { expect, test } from 'vitest'
import { createMockUpstream } from './mock.ts'

test('the mock is not made without permission, whatever has chosen it [F-000-40]', () => {
  const issuer = 'http://localhost:8888'
  expect(() => createMockUpstream({ issuer, allowed: false })).toThrow('for development only')
  expect(createMockUpstream({ issuer, allowed: true })).toBeTypeOf('object')
})
