import { expect, test } from 'vitest'
import { createMemoryStore } from '../memory.ts'
import type { Store } from '../store.ts'
import { createMovingStore } from './moving-store.ts'

const key = 'grants/202705/person/grant'
const { signal } = new AbortController()

test('a source that misses its mark once takes no record back from the target [N32]', async () => {
  const memory = createMemoryStore()
  await memory.create(key, { generation: 2 }, signal)
  let isMarked = false
  let misses = 1
  const source: Store = {
    ...memory,
    async replace(...operation) {
      isMarked = true
      return memory.replace(...operation)
    },
    async get(...operation) {
      if (isMarked && misses-- > 0) return null
      return memory.get(...operation)
    },
  }
  const removed: string[] = []
  const target: Store = { ...createMemoryStore(), remove: async (name) => void removed.push(name) }
  const store = createMovingStore({ source, target, opened: async () => 'open' })
  expect((await store.get(key, signal))?.value).toEqual({ generation: 2 })
  expect(misses).toBeLessThan(1)
  expect(removed).toEqual([])
})
