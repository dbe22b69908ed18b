import { expect, test } from 'vitest'
import { displayName } from './display-name.ts'

test.each([
  ['an ordinary name stays', 'Claude Code', 'Claude Code'],
  ['other scripts stay', 'Справка 文档 مستندات', 'Справка 文档 مستندات'],
  ['an accent given as a mark of its own is joined', 'Cafe\u0301', 'Café'],
  ['emoji stay, without what joins them', '🦊 Fox ❤\ufe0f', '🦊 Fox ❤'],
  ['right-to-left overrides and isolates go', 'Claude\u202eedoC\u2066x\u2069\u200f', 'ClaudeedoCx'],
  ['zero-width characters go', 'Cl\u200ba\u200du\ufeffde\u00ad', 'Claude'],
  ['controls go and lines are joined', 'Claude\u0000\u001b[31m\r\n\t  by\u2028Redpanda', 'Claude[31m by Redpanda'],
  ['tag characters and variation selectors go', 'A\u{e0041}\u{e0100}B', 'AB'],
  ['what looks like space and is none goes', '\u3164\u2800\u115f', 'fallback'],
  ['piled-up marks are bounded', `Z${'\u0335'.repeat(500)}`, `Z${'\u0335'.repeat(3)}`],
  ['half a surrogate pair goes', 'A\ud800', 'A'],
  ['nothing becomes the fallback', '', 'fallback'],
  ['spaces alone become the fallback', ' \u00a0\u2003 ', 'fallback'],
])('%s', (_, given, shown) => {
  expect(displayName(given, 'fallback')).toBe(shown)
})

test('a missing name becomes the fallback', () => {
  expect(displayName(undefined, 'your app')).toBe('your app')
})

test('a name of 10 kB is cut, with an ellipsis, between graphemes [C-04 A15]', () => {
  expect(displayName('é'.repeat(10_000), '')).toBe(`${'é'.repeat(63)}…`)
  expect(displayName('🦊'.repeat(5_000), '')).toBe(`${'🦊'.repeat(63)}…`)
  expect(displayName('e\u0301'.repeat(64), '')).toBe('é'.repeat(64))
})
