import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { citationsIn, findCitations } from '../dev/conformance/codes.ts'
import { formatFamily, formatIndex, generatedBelow } from '../dev/conformance/format.ts'
import { formatLedger, readLedger } from '../dev/conformance/ledger.ts'
import { parseFamily } from '../dev/conformance/parse.ts'
import { problemsOf } from '../dev/conformance/problems.ts'
import { referenceIds } from '../dev/conformance/reference.ts'
import type { Family, Row } from '../dev/conformance/row.ts'
import { findTaggedTests, tagsIn } from '../dev/conformance/tags.ts'
import { repository } from '../dev/repository.ts'

const families = readLedger()
const rows = families.flatMap((family) => family.rows)
const tests = findTaggedTests(repository)
const citations = findCitations(repository)
const exists = (path: string) => existsSync(join(repository, path))
const ci = readFileSync(join(repository, '.ci/run'), 'utf8')
/** At the beginning of a line, or after the title of a part that runs beside others. */
const commands = [...ci.matchAll(/(?:^|' )(npm (?:run (?:--silent )?)?[\w:]+|\.ci\/[\w-]+)/gm)].map(
  ([, command = '']) => command.replace('--silent ', ''),
)

describe('the ledger', () => {
  test('every row has its proof or its reason, and everything that names rows or is named by them exists', () => {
    expect(problemsOf({ rows, referenceIds, tests, citations, exists, commands })).toEqual([])
  })

  test('docs/conformance.md and docs/conformance/ are up to date; if not, run npm run conformance and commit', () => {
    const files = formatLedger()
    for (const [path, text] of files) expect(readFileSync(join(repository, path), 'utf8')).toBe(text)
    const pages = readdirSync(join(repository, 'docs/conformance')).map((name) => `docs/conformance/${name}`)
    expect(pages.toSorted()).toEqual([...files.keys()].slice(1).toSorted())
  })

  test('no test that proves a row is switched off', () => {
    const files = [...new Set(tests.map((tagged) => tagged.file))]
    const off = files.filter((file) =>
      /\.(?:skip|todo|only|fails)\b/.test(readFileSync(join(repository, file), 'utf8')),
    )
    expect(off).toEqual([])
  })

  test('has every requirement, advisory, defect, condition and feature of the sources', () => {
    expect(new Set(referenceIds).size).toBe(referenceIds.length)
    const features = referenceIds.filter((id) => /^F-\d{3}-/.test(id))
    expect([features.length, features[0], features.at(-1)]).toEqual([187, 'F-000-01', 'F-004-24'])
    expect(rows).toHaveLength(477)
  })

  test('the scan of comments and pages finds the rows that they cite', () => {
    expect(citations.length).toBeGreaterThan(300)
    for (const place of ['lib/', 'tests/', 'docs/security.md']) {
      expect(citations.filter(({ file }) => file.startsWith(place)).length).toBeGreaterThan(10)
    }
  })
})

describe('the check of the ledger', () => {
  const kept: Row = {
    id: 'T-01',
    level: 'MUST',
    status: 'kept',
    source: 's',
    asked: 'a',
    done: 'd',
    where: ['lib/'],
    sameAs: [],
  }
  const proof = { file: 'x.test.ts', title: 'x', ids: ['T-01'] }
  const citation = { file: 'lib/x.ts', id: 'T-01' }
  const sound = {
    rows: [kept],
    referenceIds: ['T-01'],
    tests: [proof],
    citations: [citation],
    exists,
    commands: ['npm run x'],
  }
  const people = 'The docs team sees who asks; people see what they have connected'

  test('passes when all is well', () => {
    expect(problemsOf(sound)).toEqual([])
    expect(problemsOf({ ...sound, rows: [{ ...kept, open: `One part: “${people}”.` }] })).toEqual([])
    const later: Row = { ...kept, status: 'later', where: [], issue: people }
    expect(problemsOf({ ...sound, rows: [later], tests: [] })).toEqual([])
  })

  test.each<[string, Partial<typeof sound>, string]>([
    ['a row is missing', { referenceIds: ['T-01', 'T-02'] }, 'T-02 has no row'],
    ['a row is unknown', { referenceIds: [] }, 'T-01 is not in the reference list'],
    ['a row occurs twice', { rows: [kept, kept] }, 'T-01 has two rows'],
    ['a kept row has no test', { tests: [] }, 'T-01 is kept, and no test proves it'],
    [
      'CI does not run a command',
      { rows: [{ ...kept, command: 'npm run y' }] },
      'T-01 is proven by npm run y, which CI does not run',
    ],
    ['a folder does not exist', { exists: () => false }, 'T-01 names lib/, which does not exist'],
    [
      'a row relies on a row without a test of its own',
      {
        rows: [kept, { ...kept, id: 'T-02', sameAs: ['T-01', 'T-03'] }, { ...kept, id: 'T-03', sameAs: ['T-02'] }],
        referenceIds: ['T-01', 'T-02', 'T-03'],
      },
      'T-02 is the same as T-03, which no test proves\nT-03 is the same as T-02, which no test proves',
    ],
    [
      'a test names a row that does not exist',
      { tests: [{ ...proof, ids: ['T-01', 'T-99'] }] },
      'x.test.ts: "x" names T-99, which is no row',
    ],
    [
      'a comment cites a row that does not exist',
      { citations: [citation, { file: 'lib/y.ts', id: 'X9' }] },
      'lib/y.ts cites X9, which is no row',
    ],
    ['a level is unknown', { rows: [{ ...kept, level: 'must' }] }, 'T-01 has an unknown level: must'],
    [
      'a status is unknown',
      { rows: [kept, { ...kept, id: 'T-02', status: 'done', where: [] }], referenceIds: ['T-01', 'T-02'] },
      'T-02 has an unknown status: done',
    ],
    ['a sentence is missing', { rows: [{ ...kept, done: '' }] }, 'T-01 must say what is asked and what is done'],
    ['a kept row names no place', { rows: [{ ...kept, where: [] }] }, 'T-01 is kept, and names no place'],
    ['a kept row names an issue', { rows: [{ ...kept, issue: people }] }, 'T-01 is kept, and names an issue'],
    [
      'an open part names an unknown issue',
      { rows: [{ ...kept, open: 'One part: “Soon”.' }] },
      'T-01 names an unknown issue: Soon',
    ],
    [
      'a row that is not built claims what only a kept row has',
      { rows: [{ ...kept, status: 'not applicable', open: 'o', sameAs: ['T-01'] }], tests: [] },
      'T-01 is not applicable, and names a place\nT-01 is not applicable, and has an open part\nT-01 is not applicable, and names a proof',
    ],
    [
      'a later row names no issue',
      { rows: [{ ...kept, status: 'later', where: [] }], tests: [] },
      'T-01 is later, and names no issue',
    ],
    [
      'a row that is not built has a test',
      { rows: [{ ...kept, status: 'later', where: [], issue: people }] },
      'T-01 is later, and a test says that it proves it',
    ],
  ])('complains when %s', (_what, change, problem) => {
    expect(problemsOf({ ...sound, ...change })).toEqual(problem.split('\n'))
  })

  test('accepts a command of CI as a proof, and the proof of another row', () => {
    const byCommand: Row = { ...kept, command: 'npm run x' }
    expect(problemsOf({ ...sound, rows: [byCommand], tests: [] })).toEqual([])
    const byOther: Row = { ...kept, id: 'T-02', sameAs: ['T-01'] }
    expect(problemsOf({ ...sound, rows: [kept, byOther], referenceIds: ['T-01', 'T-02'] })).toEqual([])
  })
})

describe('a file of the ledger', () => {
  const row: Row = {
    id: 'T-01',
    level: 'MUST(i)',
    status: 'kept',
    source: 'RFC 1 §2; RFC 3',
    asked: 'a: b, c.',
    done: 'd · e',
    open: 'o',
    where: ['lib/base/', 'netlify.toml'],
    sameAs: ['T-02', 'A1'],
    command: 'npm run demo',
  }
  const family: Family = { name: 'x', title: 'Tokens', about: 'About.\n\nMore.', rows: [row, { ...row, id: 'A1' }] }
  const proof = { file: 'tests/flows/x.test.ts', title: '<x> `[y]`', ids: ['T-01'] }
  const text = formatFamily(family, [proof])

  test('holds everything that a row has, and the tests that name it', () => {
    expect(parseFamily('x', text)).toEqual({
      ...family,
      rows: family.rows.map((one) => ({ ...one, issue: undefined })),
    })
    expect(text).toContain('- Tests:\n  - `tests/flows/`: &#60;x&#62; \\`\\[y\\]\\`\n')
    expect(formatFamily(parseFamily('x', text), [proof])).toBe(text)
  })

  test.each([
    ['MUST(i) · kept · RFC', 'MUST(i), kept, RFC'],
    ['- Asked: ', '- Asks: '],
    ['- Done: ', '- Asked: '],
    ['- Open: o', '- Open: o\nand more'],
    ['# Tokens\n', 'Tokens\n'],
  ])('is refused when "%s" becomes "%s"', (from, to) => {
    expect(() => parseFamily('x', text.replace(from, to))).toThrow(/^x\.md/)
  })

  test('the index keeps what is written by hand, and lists what is not kept', () => {
    const index = formatIndex(`By hand.\n\n${generatedBelow}\n\nold`, [family])
    expect(index).toMatch(/^By hand\.\n/)
    expect(index).toContain('| [Tokens](conformance/x.md) | 2 | 2 | 2 | 0 | 0 |')
    expect(index).toContain('- [A1](conformance/x.md#a1) (MUST(i)), in part: o')
    expect(index).not.toContain('old')
  })
})

test('citations are found in comments and pages, and not in code', () => {
  const source = "/** As T-21 and B8-5 say. */\nconst a = 'T-22' // see A1, F-000-16\n// P-256, RS256, MD5, U+2028\n"
  expect(citationsIn('x.ts', source).map(({ id }) => id)).toEqual(['T-21', 'B8-5', 'A1', 'F-000-16'])
  expect(citationsIn('x.md', 'X9').map(({ id }) => id)).toEqual(['X9'])
})

describe('tags', () => {
  const found = (source: string) => tagsIn('x.test.ts', source).map(({ title, ids }) => [title, ...ids])

  test.each([
    ["test('says what [T-21]', () => {})", [['says what', 'T-21']]],
    ["test('a feature [F-000-16 F-07]', () => {})", [['a feature', 'F-000-16', 'F-07']]],
    ["describe('a group [A-04 A1]', () => {})", [['a group', 'A-04', 'A1']]],
    ["test.each([\n  ['x'],\n])('%s: it’s refused [B8-4 M-02]', () => {})", [['…: it’s refused', 'B8-4', 'M-02']]],
    [`test.each<[string]>(all)(\n  \`of \${racers} $what [T-14]\`,\n`, [['of … …', 'T-14']]],
    ["test('a list of [T-1] or [1] is no tag', () => {})", []],
    [
      "describe('a group', () => {\n  test('one [T-21]', () => {})\n})\ntest('two [T-22]', () => {})",
      [
        ['a group: one', 'T-21'],
        ['two', 'T-22'],
      ],
    ],
    [
      "describe.each([\n  1,\n])('of %s [A-04]', () => {\n  describe('in', () => {\n    test.each([2])('%s', () => {})\n    test('x [A1]', () => {})",
      [
        ['of …', 'A-04'],
        ['of …: in: x', 'A1'],
      ],
    ],
    ["test('names an unknown row [X9 S-25]', () => {})", [['names an unknown row', 'X9', 'S-25']]],
    ["// test('commented out [T-21]', () => {})", []],
    ["const text = '[T-21]'", []],
  ])('%j', (source, expected) => {
    expect(found(source)).toEqual(expected)
  })
})
