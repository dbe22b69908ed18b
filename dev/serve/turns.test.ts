import { expect, test } from 'vitest'
import { createMemoryStore } from '../../lib/store/memory.ts'
import type { Store } from '../../lib/store/store.ts'
import { takeTurn } from './turns.ts'

const { signal } = new AbortController()
const at = (time: string) => new Date(`2026-11-30T${time}Z`)

test('of 50 containers that ask for one minute, one gets the turn, in every round', async () => {
  const store = createMemoryStore()
  for (let minute = 10; minute < 40; minute++) {
    const turns = await Promise.all(
      // The clocks of the containers differ by seconds.
      Array.from({ length: 50 }, (_, index) =>
        takeTurn(store, 'usage', at(`10:${minute}:${10 + (index % 50)}`), signal),
      ),
    )
    expect(turns.filter(Boolean)).toHaveLength(1)
  }
})

test('each function has turns of its own, and a container that is late gets none', async () => {
  const store = createMemoryStore()
  expect(await takeTurn(store, 'usage', at('10:20:00'), signal)).toBe(true)
  expect(await takeTurn(store, 'maintenance', at('10:20:00'), signal)).toBe(true)
  expect(await takeTurn(store, 'usage', at('10:20:30'), signal)).toBe(false)
  expect(await takeTurn(store, 'usage', at('10:10:00'), signal)).toBe(false)
  expect(await takeTurn(store, 'usage', at('10:30:00'), signal)).toBe(true)
})

test('a container that cannot tell whether it has won runs; one that has lost does not', async () => {
  const losing = (ambiguous: boolean): Store => ({
    ...createMemoryStore(),
    create: async () => ({ won: false, ambiguous }),
  })
  expect(await takeTurn(losing(true), 'usage', at('10:20:00'), signal)).toBe(true)
  expect(await takeTurn(losing(false), 'usage', at('10:20:00'), signal)).toBe(false)
})

test('a member of the record that a later release has added stays', async () => {
  const store = createMemoryStore()
  await store.create('schedule/usage', { at: 0, by: 'a later release' }, signal)
  expect(await takeTurn(store, 'usage', at('10:20:00'), signal)).toBe(true)
  expect((await store.get('schedule/usage', signal))?.value).toEqual({ at: 1796034000, by: 'a later release' })
})
