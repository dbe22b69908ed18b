import { expect, test } from 'vitest'
import { personalDataOf } from '../../lib/service/personal-data.ts'

/**
 * A record of a user that was sealed under a fixed secret. A release that cannot open it loses the addresses of all users. The value is
 * never made again: a new form adds a value of its own.
 */
const stored = {
  domain: 'engines.example',
  firstSeenAt: 1_764_504_000,
  sealed:
    'otlMpVLb.e7t8XZ94vTkxigJh.PC7AC1V53NQYe5ET8oXW6PrqYQ-PnK_ROmGf4B1ecoXRe-ACfWvqLSX0PV0.J_ctlKe4lUqgKTLQZ9FJIg',
}
const secret = new Uint8Array(32).fill(7)
const other = new Uint8Array(32).fill(8)

test.each([
  ['the current secret', { current: secret, previous: [], retired: [] }, true],
  ['a previous secret', { current: other, previous: [secret], retired: [] }, true],
  ['a retired secret', { current: other, previous: [], retired: [secret] }, false],
])('the address and the name in the record of a user, under %s', (_what, secrets, opens) => {
  const { sealed: _, ...rest } = stored
  const opened = personalDataOf('https://docs.example', secrets, 'all').open('users/u_ada', stored)
  expect(opened).toEqual(opens ? { ...rest, email: 'ada@engines.example', name: 'Ada' } : stored)
})
