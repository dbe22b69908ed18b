import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SortedKeys } from './sorted-keys.ts'

test('keys stay in order, whatever is added and removed, and a part of them is found', () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '/'), maxLength: 6 })
  fc.assert(
    fc.property(
      fc.uniqueArray(key, { maxLength: 60 }),
      fc.nat(),
      key,
      key,
      fc.integer({ min: 1, max: 40 }),
      (keys, removed, start, end, count) => {
        const sorted = new SortedKeys()
        for (const one of keys) sorted.add(one)
        const [gone, left] = [keys.slice(0, removed % (keys.length + 1)), keys.slice(removed % (keys.length + 1))]
        for (const one of gone) sorted.remove(one)
        expect(sorted.between('', '~', 1000)).toEqual(left.toSorted())
        const within = left.filter((one) => one >= start && one < end).toSorted()
        expect(sorted.between(start, end, count)).toEqual(within.slice(0, count))
      },
    ),
  )
})

test('many keys are found over the borders of chunks, in pages', () => {
  const sorted = new SortedKeys()
  const keys = Array.from({ length: 5000 }, (_, index) => `k/${String((index * 2749) % 5000).padStart(4, '0')}`)
  for (const key of keys) sorted.add(key)
  const all = keys.toSorted()
  expect(sorted.between('k/', 'k/~', 1000)).toEqual(all.slice(0, 1000))
  expect(sorted.between('k/0999\0', 'k/~', 1000)).toEqual(all.slice(1000, 2000))
  expect(sorted.between('k/4', 'k/5', 5000)).toEqual(all.slice(4000))
  for (const key of keys) if (key < 'k/4990') sorted.remove(key)
  expect(sorted.between('', '~', 100)).toEqual(all.slice(4990))
})
