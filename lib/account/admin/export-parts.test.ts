import { expect, test } from 'vitest'
import { filePartsOf, partName, partNamed } from './export-parts.ts'

/** The people of each of 64 parts, where so many people are spread evenly. */
const even = (people: number) => Array.from({ length: 64 }, () => people / 64)

test.each([
  [8_064, 4, 2_016],
  [32_000, 4, 8_000],
  [32_064, 16, 2_004],
  [100_032, 16, 6_252],
  [512_000, 64, 8_000],
  [1_024_000, 64, 16_000],
])('%i people are %i files of %i people', (people, files, each) => {
  const parts = filePartsOf('people', even(people))
  expect(parts.map((part) => part.people)).toEqual(Array.from({ length: files }, () => each))
  expect(parts.map(partName).toSorted()).toEqual(parts.map(partName))
})

test('one part with more people than the others makes all files smaller, and no person is in two', () => {
  const counts = even(6_400).with(5, 7_600)
  const parts = filePartsOf('people', counts)
  expect(parts).toHaveLength(16)
  expect(parts.reduce((sum, { people }) => sum + people, 0)).toBe(63 * 100 + 7_600)
})

test('usage has 16 parts; other exports have none', () => {
  expect(filePartsOf('usage', even(1_024_000))).toHaveLength(16)
  expect(() => filePartsOf('audit', even(64))).toThrow('no such export')
})

test('only names of parts that exist are parts', () => {
  expect(partNamed('people', '03-of-16')).toEqual({ index: 2, of: 16 })
  expect(partNamed('people', '64-of-64')).toEqual({ index: 63, of: 64 })
  expect(partNamed('usage', '03-of-16')).toEqual({ index: 2, of: 16 })
  for (const name of ['3-of-16', '00-of-16', '17-of-16', '01-of-8', '1', '01-of-16 ', '-1-of-16'])
    expect([name, partNamed('people', name)]).toEqual([name, undefined])
  expect(partNamed('usage', '01-of-64')).toBeUndefined()
  expect(partNamed('audit', '01-of-16')).toBeUndefined()
})
