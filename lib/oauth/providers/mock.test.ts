import { expect, test } from 'vitest'
import { createMockProvider } from './mock.ts'

test('the mock is not made without permission [F-000-40]', () => {
  const issuer = 'http://localhost:8888'
  expect(() => createMockProvider({ issuer, allowed: false })).toThrow('for development only')
  expect(createMockProvider({ issuer, allowed: true })).toBeTypeOf('object')
})
