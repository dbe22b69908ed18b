import { expect, test } from 'vitest'
import { BoundedMap } from './bounded-map.ts'

test('bounded map: one entry too many drops the oldest', () => {
  const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2).set('c', 3)
  expect([...map]).toEqual([['b', 2], ['c', 3]]) // biome-ignore format: one line
})

test('bounded map: an entry that is set again is the newest, and drops no other', () => {
  const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2).set('a', 3)
  expect([...map]).toEqual([['b', 2], ['a', 3]]) // biome-ignore format: one line
  expect([...map.set('c', 4).keys()]).toEqual(['a', 'c'])
})

test('bounded map: an undefined key is dropped like any other', () => {
  const map = new BoundedMap<string | undefined, number>(1).set(undefined, 1).set('a', 2)
  expect([...map.keys()]).toEqual(['a'])
})
