import { expect, test } from 'vitest'
import { clientName, displayName } from './display-name.ts'

test.each([
  ['an ordinary name stays', 'Claude Code', 'Claude Code'],
  ['other scripts stay', 'Справка 文档 مستندات', 'Справка 文档 مستندات'],
  ['an accent given as a mark of its own is joined', 'Cafe\u0301', 'Café'],
  ['emoji stay, without their joiners', '🦊 Fox ❤\ufe0f', '🦊 Fox ❤'],
  ['right-to-left overrides and isolates are removed', 'Claude\u202eedoC\u2066x\u2069\u200f', 'ClaudeedoCx'],
  ['zero-width characters are removed', 'Cl\u200ba\u200du\ufeffde\u00ad', 'Claude'],
  [
    'control characters are removed and lines are joined',
    'Claude\u0000\u001b[31m\r\n\t  by\u2028Redpanda',
    'Claude[31m by Redpanda',
  ],
  ['tag characters and variation selectors are removed', 'A\u{e0041}\u{e0100}B', 'AB'],
  ['characters that only look like a space are removed', '\u3164\u2800\u115f', 'fallback'],
  ['piled-up marks are bounded', `Z${'\u0335'.repeat(500)}`, `Z${'\u0335'.repeat(3)}`],
  ['a lone surrogate is removed', 'A\ud800', 'A'],
  ['an empty name becomes the fallback', '', 'fallback'],
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

/** The page shows "not verified" beside a client's name. Nothing in the name may contradict that. */
test.each([
  ['a check mark', '✓ Claude', 'Claude'],
  ['a check mark and the word', 'Claude ✓ verified', 'Claude'],
  ['a heavy check mark as an emoji', 'Claude \u2714\ufe0f', 'Claude'],
  ['a check mark in a box', '✅ ☑ Claude 🗹', 'Claude'],
  ['a square root that looks like a check mark', 'Claude √', 'Claude'],
  ['a letter of another script that looks like a check mark', 'Claude ꪜ', 'Claude'],
  ['the verification star of other sites', 'Claude ✪ ⭐ ❂ ★', 'Claude'],
  ['shield, lock, key and medal', '🛡️ Claude 🔒🔑🏅', 'Claude'],
  ['letters in circles', 'Claude ⓋⒺⓇⒾⒻⒾⒺⒹ', 'Claude'],
  ['letters in squares, and flags', 'Claude 🅥 🆗 🇪🇺', 'Claude'],
  ['a blue circle', 'Claude 🔵 ● ◉', 'Claude'],
  ['a seal', 'Claude ㊣ ™ ®', 'Claude'],
  ['"Official" in front', 'Official Claude', 'Claude'],
  ['"(Official)" behind', 'Claude (Official)', 'Claude'],
  ['"- verified" behind', 'Claude - Verified', 'Claude'],
  ['"| Trusted" in capitals', 'Claude | TRUSTED', 'Claude'],
  ['the word in bold letters', 'Claude 𝐯𝐞𝐫𝐢𝐟𝐢𝐞𝐝', 'Claude'],
  ['the word in wide letters', 'Claude ｖｅｒｉｆｉｅｄ', 'Claude'],
  ['the word with something invisible in it', 'Claude ver\u200bified \u202eoffi\u00adcial', 'Claude'],
  ['the word alone', 'Verified ✓', 'fallback'],
  ['a badge after a badge', '✓✓ ✔ certified ✔', 'fallback'],
])('a client’s name without %s [C-04]', (_, given, shown) => {
  expect(clientName(given, 'fallback')).toBe(shown)
})

test.each([
  'Claude Code',
  '🦊 Fox',
  'I ❤ docs',
  'C++ & C# (beta) v2.0 – 50% off!',
  'Справка 文档 مستندات',
  'Unofficial Claude client (unverified)',
  'Müller’s “Docs” [dev]',
  'MCP CLI Proxy (https://example.com)',
  'trustedadvisor',
])('an honest name stays: %s [C-04]', (name) => {
  expect(clientName(name, 'fallback')).toBe(name)
})
