import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMemoryStore } from '../memory.ts'
import type { Store } from '../store.ts'
import { mergedList } from './merged-list.ts'
import { copyFacts, createMovingFacts } from './moving-facts.ts'

const { signal } = new AbortController()
const key = fc.integer({ min: 0, max: 60 }).map((number) => `facts/${String(number).padStart(2, '0')}`)

/** A list with pages of some size, whose cursors say nothing about keys. */
const listOf = (keys: readonly string[], size: number): Pick<Store, 'list'> => ({
  async list(prefix, _signal, cursor = '0') {
    const all = [...new Set(keys)].filter((one) => one.startsWith(prefix)).sort()
    const from = Number(cursor)
    const page = all.slice(from, from + size)
    return from + size < all.length ? { keys: page, next: String(from + size) } : { keys: page }
  },
})

test('a merged list has every key of any store once and in order, whatever the pages are', async () => {
  const stores = fc.array(fc.tuple(fc.array(key), fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(stores, async (described) => {
      const lists = described.map(([keys, size]) => listOf(keys, size))
      const found: string[] = []
      let cursor: string | undefined
      do {
        const page = await mergedList(lists, 'facts/', signal, cursor)
        found.push(...page.keys)
        cursor = page.next
      } while (cursor !== undefined)
      expect(found).toEqual([...new Set(described.flatMap(([keys]) => keys))].sort())
    }),
    { numRuns: 300 },
  )
})

/** A store of facts over a store in memory. */
function facts() {
  const store = createMemoryStore()
  const removeAll = async () => {
    for (const one of (await store.list('', signal)).keys) await store.remove(one, signal)
  }
  return { ...store, removeAll }
}
const keysOf = async (store: Pick<Store, 'list'>) => (await store.list('', signal)).keys

test('facts that move are listed once, written to the target, and dropped from both stores', async () => {
  const [source, target] = [facts(), facts()]
  const moving = createMovingFacts({ source, target, opened: async () => 'open' })
  await source.put('usage/a', {}, signal)
  await moving.put('usage/b', {}, signal)
  expect(await keysOf(target)).toEqual(['usage/b'])
  expect(await copyFacts({ source, target }, null, signal)).toEqual({ copied: 1, next: null })
  expect(await keysOf(moving)).toEqual(['usage/a', 'usage/b'])
  await moving.remove('usage/a', signal)
  expect([await keysOf(source), await keysOf(target)]).toEqual([[], ['usage/b']])
  await moving.removeAll(signal)
  expect(await keysOf(target)).toEqual([])
})

test('facts that are dropped while they are copied do not come back', async () => {
  const [source, target] = [facts(), facts()]
  await source.put('usage/a', {}, signal)
  const dropping = {
    ...source,
    async list(prefix: string, inTime: AbortSignal, cursor?: string) {
      const page = await source.list(prefix, inTime, cursor)
      await source.removeAll()
      return page
    },
  }
  await copyFacts({ source: dropping, target }, null, signal)
  expect(await keysOf(target)).toEqual([])
})
