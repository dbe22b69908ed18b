import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parseEnvFile } from './env-file.ts'

describe('a file of settings is read as Node reads it', () => {
  test.each([
    'A=b',
    '  A = b  ',
    'export A=b',
    'A="x # y" # a comment',
    "A='x # y'",
    'A=`x`',
    'A=b # a comment',
    'A=b #comment',
    'A= # a comment',
    'A=',
    'A=""',
    'A={"client_id":"x"}',
    'A=it"s',
    'A==b=',
    'A="two\\nlines"',
    'A="two\nlines"\nBB=1',
    '# a comment\n\nA=b',
    'A=b\r\nBB=c\r\n',
    'A=1\nA=2',
  ])('%j', (text) => expect(parseEnvFile(text)).toEqual({ settings: { ...parseEnv(text) }, problems: [] }))
})

test.each([
  ['a byte order mark', '\uFEFFA=b\nBB=c', { A: 'b', BB: 'c' }],
  ['line ends of an old Mac', 'A=b\rBB=c', { A: 'b', BB: 'c' }],
  ['a byte order mark before a comment', '\uFEFF# x\r\nA="b"\r\n', { A: 'b' }],
])('%s makes no difference', (_what, text, settings) => {
  expect(parseEnvFile(text)).toEqual({ settings, problems: [] })
})

describe('a line that Node would drop, cut or misread is reported by its number', () => {
  test.each([
    ['no setting', 'KAPA_API_KEY', /^line 2 is neither/],
    ['a setting as in YAML', 'KAPA_API_KEY: x', /^line 2 is neither/],
    ['a command', 'source .env.local', /^line 2 is neither/],
    ['no name', '=x', /^line 2 is neither/],
    ['a heading', '[settings]', /^line 2 is neither/],
    ['a color', 'MCP_BRAND_COLOR=#1f6feb', /^line 2 \(MCP_BRAND_COLOR\) has a # in its value/],
    ['a color after a space', 'MCP_BRAND_COLOR= #1f6feb', /^line 2 \(MCP_BRAND_COLOR\) has a # in its value/],
    ['a # in the middle', 'UPSTREAM_CLIENT_SECRET=ab#cd', /^line 2 \(UPSTREAM_CLIENT_SECRET\) has a # in its value/],
    ['a quote that nothing closes', 'KAPA_API_KEY="x', /^line 2 \(KAPA_API_KEY\) begins with ", and nothing closes it/],
    [
      'a single quote that nothing closes',
      "KAPA_API_KEY='x",
      /^line 2 \(KAPA_API_KEY\) begins with ', and nothing closes it/,
    ],
    ['a quote that the next setting would close', 'A="x\nBB="y"', /^line 2 \(A\) begins with ", and nothing closes it/],
    ['something after a quote', 'A="x"y', /^line 2 \(A\) has something after/],
    ['a quote that nothing opens', 'A=x"', /^line 2 \(A\) ends with a quote/],
    ['quotes of a word processor', 'A=“x”', /^line 2 \(A\) has typographic quotes/],
  ])('%s', (_what, line, problem) => {
    const { settings, problems } = parseEnvFile(`FIRST=1\n${line}\nLAST=2`)
    expect(problems).toEqual([expect.stringMatching(problem)])
    expect(settings).toMatchObject({ FIRST: '1', LAST: '2' })
  })

  test('every problem is reported at once', () => {
    expect(parseEnvFile('x\nA="y\nBB=z#\n').problems.map((problem) => problem.slice(0, 6))).toEqual([
      'line 1',
      'line 2',
      'line 3',
    ])
  })

  test('a file that is not UTF-8 is reported', () => {
    const utf16 = Buffer.from('\uFEFFA=b\n', 'utf16le').toString('utf8')
    expect(parseEnvFile(utf16).problems).toEqual([expect.stringContaining('UTF-8')])
  })
})
