import { expect, test } from 'vitest'
import { createMemoryStore } from './memory.ts'
import { createReadiness, proveConditionalWrites, type StoreFault } from './readiness.ts'
import { type Store, StoreUnavailable } from './store.ts'

const { signal } = new AbortController()
const now = Date.UTC(2026, 10, 21)

const keysOf = async (store: Store) => (await store.list('', signal)).keys

test('a correct store is ready, and contains nothing afterwards [O-03]', async () => {
  const store = createMemoryStore()
  expect(await proveConditionalWrites(store, now, signal)).toBeNull()
  expect(await keysOf(store)).toEqual([])
})

const won = { won: true, version: 'v' } as const
const lost = (ambiguous: boolean) => ({ won: false, ambiguous }) as const

/** A correct store, except for the operations in `broken`. */
const storeWith = (broken: (store: Store) => Partial<Store>): Store => {
  const store = createMemoryStore()
  return { ...store, ...broken(store) }
}

const down = async () => {
  throw new StoreUnavailable('down')
}

test.each<[string, StoreFault, (store: Store) => Partial<Store>]>([
  ['every creator wins', 'store_not_conditional', () => ({ create: async () => won })],
  [
    'a condition on the version is ignored',
    'store_not_conditional',
    (store) => ({
      replace: async (key, value) => {
        await store.put(key, value, signal)
        return won
      },
    }),
  ],
  [
    'a read has another version than the write',
    'store_not_conditional',
    (store) => ({
      get: async (key, signal) => {
        const read = await store.get(key, signal)
        return read && { ...read, version: 'another' }
      },
    }),
  ],
  ['a read finds nothing', 'store_not_conditional', () => ({ get: async () => null })],
  ['a read does not answer', 'store_unavailable', () => ({ get: down })],
  [
    'a read is older than the write',
    'store_not_conditional',
    (store) => ({
      get: async (key, signal) => {
        const read = await store.get(key, signal)
        return read && { ...read, value: { step: 1 } }
      },
    }),
  ],
  ['no create succeeds', 'store_not_conditional', () => ({ create: async () => lost(false) })],
  ['no replace succeeds', 'store_not_conditional', () => ({ replace: async () => lost(false) })],
  ['it cannot tell who won', 'store_unavailable', () => ({ create: async () => lost(true) })],
  ['it does not answer', 'store_unavailable', () => ({ create: down })],
  ['it stops answering', 'store_unavailable', () => ({ replace: down })],
])('a store where %s is not ready [O-03 O-04]', async (_what, fault, broken) => {
  expect(await proveConditionalWrites(storeWith(broken), now, signal)).toBe(fault)
})

test('the record of an interrupted check has an expiry that the sweep reads', async () => {
  const store = storeWith(() => ({ remove: down }))
  expect(await proveConditionalWrites(store, now, signal)).toBe('store_unavailable')
  const [key = ''] = await keysOf(store)
  expect(Number(key.split('/')[1])).toBe(now / 1000 + 60)
})

test('a hundred callers within ten seconds cause one check, whatever its result, and one report', async () => {
  let time = now
  let creates = 0
  const faults: StoreFault[] = []
  const store = storeWith(() => ({
    create: async () => {
      creates += 1
      return down()
    },
  }))
  const readiness = createReadiness({
    stores: async () => [store],
    now: () => time,
    goodFor: 10_000,
    onFault: (fault) => faults.push(fault),
  })
  const answers = await Promise.all(Array.from({ length: 100 }, () => readiness(signal)))
  time += 9_999
  answers.push(await readiness(signal))
  expect(new Set(answers)).toEqual(new Set(['store_unavailable']))
  expect([creates, faults]).toEqual([1, ['store_unavailable']])
  time += 1
  await readiness(signal)
  expect(creates).toBe(2)
})

test('while records move, both stores must pass', async () => {
  for (const stores of [
    [createMemoryStore(), storeWith(() => ({ create: async () => won }))],
    [storeWith(() => ({ create: async () => won })), createMemoryStore()],
  ]) {
    const readiness = createReadiness({
      stores: async () => stores,
      now: () => now,
      goodFor: 10_000,
      onFault: () => undefined,
    })
    expect(await readiness(signal)).toBe('store_not_conditional')
  }
})
