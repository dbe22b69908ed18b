import { expect, test } from 'vitest'
import { isTooDeep, parseJson } from './json.ts'

const lists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

test.each([
  ['nothing', 'null', false],
  ['200 levels', lists(200), false],
  ['201 levels', lists(201), true],
  ['levels of objects and lists', '{"a":['.repeat(101) + ']}'.repeat(101), true],
  ['many on one level', JSON.stringify(Array.from({ length: 50_000 }, () => [{}])), false],
])('%s', (_name, json, deep) => {
  expect(isTooDeep(JSON.parse(json))).toBe(deep)
  expect(parseJson(json)).toEqual(deep ? undefined : JSON.parse(json))
})

test('JSON deeper than any stack is reported as too deep, without an exception', () => {
  expect(isTooDeep(JSON.parse(lists(100_000)))).toBe(true)
  expect(parseJson(lists(100_000))).toBeUndefined()
  expect(parseJson('{')).toBeUndefined()
})
