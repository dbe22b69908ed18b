import { describe, expect, test } from 'vitest'
import { table } from './table.ts'
import { clean, cut, safeJson, widthOf } from './text.ts'

describe('a text that another person wrote cannot control the terminal', () => {
  test.each([
    ['an escape sequence', 'Acme\u001b[2J\u001b]0;owned\u0007'],
    ['a control character of eight bits', 'Acme\u009b2J'],
    ['another line', 'Acme\r\nroot: all is well'],
    ['the other direction', 'Acme \u202egnp.exe'],
    ['no width', 'Ac\u200bme'],
    ['half a pair', 'Acme\ud83d'],
  ])('%s', (_what, text) => {
    expect(clean(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
    expect(clean(text)).toMatch(/^Ac.*me|^Acme/)
    const json = safeJson({ [text]: text })
    expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
  })

  test('JSON keeps the value', () => {
    const value = { name: 'a\u202eb\u009bc👩‍🔬', more: [1, null] }
    expect(JSON.parse(safeJson(value))).toEqual(value)
  })
})

test('the width of a text is that in a terminal, and a cut text ends with an ellipsis', () => {
  expect(['abc', 'Zoë', 'Zoe\u0308', '東京', '👍', ''].map(widthOf)).toEqual([3, 3, 3, 4, 2, 0])
  expect(cut('Analytical Engines', 18)).toBe('Analytical Engines')
  expect(cut('Analytical Engines', 10)).toBe('Analytica…')
  expect(cut('東京ドキュメント', 8)).toBe('東京ド…')
})

test('a table fits, cuts only what may be cut, and aligns numbers to the right', () => {
  const rows = [
    {
      name: 'Analytical Engines of London and Turin, Limited',
      mail: 'a-very-long-address@analytical-engines.example',
      calls: 12_345,
    },
    { name: '東京\u001b[2J', mail: 'b@c.example', calls: 7 },
  ]
  const columns = [
    { title: 'Company', cell: (row: (typeof rows)[0]) => row.name, least: 8 },
    { title: 'Address', cell: (row: (typeof rows)[0]) => row.mail, least: 8 },
    { title: 'Calls', cell: (row: (typeof rows)[0]) => row.calls },
  ]
  const lines = table(rows, columns, { width: 60, bold: (text) => text })
    .trimEnd()
    .split('\n')
  expect(lines.map(widthOf)).toEqual([60, 60, 60])
  expect(lines[1]).toMatch(/^Analytical .*… {2}a-very-.*… {2}12,345$/)
  expect(lines[2]).toMatch(/^東京\ufffd\[2J +b@c\.example +7$/)
})
