import { expect, test } from 'vitest'
import { csvLine } from './csv.ts'

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '＋1', '－1', '＠x'])(
  'a cell that a spreadsheet takes for a formula gets an apostrophe: %j [N21]',
  (text) => expect(csvLine([text])).toMatch(/^"?'/),
)

test('other cells stay as they are, and quotes, commas and line ends are quoted (RFC 4180)', () => {
  expect(csvLine(['a', 'b=c', -1, true, undefined, ''])).toBe('a,b=c,-1,true,,\r\n')
  expect(csvLine(['a,b', 'a"b', 'a\nb'])).toBe('"a,b","a""b","a\nb"\r\n')
  expect(csvLine(['a\u001b[2J\u0000'])).toBe('a\ufffd[2J\ufffd\r\n')
})

test.each([';=1+1', 'Co; =HYPERLINK("x")', 'Co;"=1', 'a\n@SUM(1)', 'a\t-1', 'Co;\u00a0＝1'])(
  'no part of a text is a formula where a semicolon, a tab or a line begins a cell: %j [N21]',
  (text) => {
    for (const cell of csvLine([text])
      .split(/[;\t\r\n]/)
      .slice(1))
      expect(cell).not.toMatch(/^[\s"]*[=+\-@＝＋－＠]/)
  },
)
