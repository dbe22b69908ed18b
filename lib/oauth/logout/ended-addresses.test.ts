import { expect, test } from 'vitest'
import { newSecrets } from '../../../dev/worlds/authorization-server.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { createSealing } from '../keys/sealing.ts'
import { createEndedAddresses } from './ended-addresses.ts'

const now = Date.UTC(2026, 10, 30, 12)
const { signal } = new AbortController()

function world() {
  const store = createMemoryStore()
  const clock = { now }
  const sealing = createSealing('https://docs.example', newSecrets())
  const addresses = createEndedAddresses(store, sealing, () => clock.now)
  const hasEnded = (person: { email?: string; provider?: string }, approvedAt = now / 1000 - 60) =>
    addresses.hasEnded({ person, approvedAt }, signal)
  return { clock, addresses, hasEnded }
}

test('a session of eight hours has ended also when its address was ended on the day before', async () => {
  const { clock, addresses, hasEnded } = world()
  clock.now = Date.UTC(2026, 10, 30, 20)
  await addresses.end('ada@example.com', undefined, clock.now, signal)
  const begun = clock.now / 1000 - 60
  clock.now += 7 * 3_600_000
  expect(await hasEnded({ email: 'ada@example.com' }, begun)).toBe(true)
  expect(await hasEnded({ email: 'ada@example.com' }, begun + 120)).toBe(false)
})

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
