import { expect, test } from 'vitest'
import { newSecrets } from '../../../dev/worlds/authorization-server.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { newGrantKey, subjectOf } from '../grants/record.ts'
import { createSealing } from '../keys/sealing.ts'
import { createEndedAddresses } from './ended-addresses.ts'

const now = Date.UTC(2026, 10, 30, 12)
const { signal } = new AbortController()

function world() {
  const store = createMemoryStore()
  const addresses = createEndedAddresses(store, createSealing('https://docs.example', newSecrets()), () => now)
  const grant = newGrantKey(subjectOf('https://login.example/', 'ada'), now / 1000 + 86_400)
  const hasEnded = (person: { email?: string; provider?: string }, approvedAt = now / 1000 - 60) =>
    addresses.hasEnded({ person, approvedAt, grant }, signal)
  return { store, addresses, hasEnded }
}

test('an address that a service has ended at one provider stops a first sign-in there, and at no other provider [N2 N4]', async () => {
  const { addresses, hasEnded } = world()
  await addresses.end('Ada@Example.com', 'okta', now, signal)
  expect(await hasEnded({ email: 'ada@example.com', provider: 'okta' })).toBe(true)
  for (const person of [
    { email: 'ada@example.com' },
    { email: 'ada@example.com', provider: 'auth0' },
    { email: 'ben@example.com', provider: 'okta' },
    { provider: 'okta' },
  ]) {
    expect([person, await hasEnded(person)]).toEqual([person, false])
  }
  expect(await hasEnded({ email: 'ada@example.com', provider: 'okta' }, now / 1000 + 6)).toBe(false)
  await addresses.end('ada@example.com', undefined, now, signal)
  expect(await hasEnded({ email: 'ada@example.com' })).toBe(true)
})
