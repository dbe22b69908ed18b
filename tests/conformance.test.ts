import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from '../dev/build/build.ts'
import { ledger } from '../dev/conformance/document.ts'
import { problemsOf } from '../dev/conformance/problems.ts'
import { referenceIds } from '../dev/conformance/reference.ts'
import type { Row } from '../dev/conformance/row.ts'
import { groups } from '../dev/conformance/rows.ts'
import { findTaggedTests, tagsIn } from '../dev/conformance/tags.ts'

const rows = groups.flatMap((group) => group.rows)
const tests = findTaggedTests(repository)
const exists = (file: string) => existsSync(join(repository, file))
const ci = readFileSync(join(repository, '.ci/run'), 'utf8')
const commands = [...ci.matchAll(/^npm (?:run (?:--silent )?)?([\w:]+)/gm)].map(([, name = '']) => name)

describe('the ledger', () => {
  test('every row has its proof or its reason, and names what exists', () => {
    expect(problemsOf({ rows, referenceIds, tests, exists, commands })).toEqual([])
  })

  test('docs/conformance.md is what dev/conformance/cli.ts writes: run it, and commit the page', () => {
    expect(readFileSync(join(repository, 'docs/conformance.md'), 'utf8')).toBe(ledger(groups, tests))
  })

  test('a test that is switched off proves nothing', () => {
    const files = [...new Set(tests.map((tagged) => tagged.file))]
    const off = files.filter((file) =>
      /\.(?:skip|todo|only|fails)\b/.test(readFileSync(join(repository, file), 'utf8')),
    )
    expect(off).toEqual([])
  })
})

describe('the check of the ledger', () => {
  const kept: Row = {
    id: 'T-01',
    level: 'MUST',
    source: 's',
    requirement: 'r',
    what: 'w',
    status: 'kept',
    file: 'lib/README.md',
  }
  const proof = { file: 'x.test.ts', title: 'x', ids: ['T-01'] }
  const sound = { rows: [kept], referenceIds: ['T-01'], tests: [proof], exists, commands: ['x'] }

  test('passes where all is well', () => {
    expect(problemsOf(sound)).toEqual([])
  })

  test.each<[string, Partial<typeof sound>, string]>([
    ['a row is missing', { referenceIds: ['T-01', 'T-02'] }, 'T-02 has no row'],
    ['a row is unknown', { referenceIds: [] }, 'T-01 is not in the reference list'],
    ['a row stands twice', { rows: [kept, kept] }, 'T-01 has two rows'],
    ['a kept row has no test', { tests: [] }, 'T-01 is said to be kept, and no test proves it'],
    [
      'a command is not run',
      { rows: [{ ...kept, command: 'y' }] },
      'T-01 is proven by npm run y, which CI does not run',
    ],
    ['a file is gone', { exists: () => false }, 'T-01 names lib/README.md, which does not exist'],
    [
      'a row leans on one without a test of its own',
      {
        rows: [kept, { ...kept, id: 'T-02', by: ['T-01', 'T-03'] }, { ...kept, id: 'T-03', by: ['T-02'] }],
        referenceIds: ['T-01', 'T-02', 'T-03'],
      },
      'T-02 is said to be kept by T-03, which no test proves\nT-03 is said to be kept by T-02, which no test proves',
    ],
    [
      'a test names no row',
      { tests: [{ ...proof, ids: ['T-01', 'T-99'] }] },
      'x.test.ts: "x" names T-99, which is no row',
    ],
  ])('complains when %s', (_what, change, problem) => {
    expect(problemsOf({ ...sound, ...change })).toEqual(problem.split('\n'))
  })

  test('takes a command of CI for a proof, and that of another row', () => {
    const byCommand: Row = { ...kept, command: 'x' }
    expect(problemsOf({ ...sound, rows: [byCommand], tests: [] })).toEqual([])
    const byOther: Row = { ...kept, id: 'T-02', by: ['T-01'] }
    expect(problemsOf({ ...sound, rows: [kept, byOther], referenceIds: ['T-01', 'T-02'] })).toEqual([])
  })

  test('knows every row that was asked for: requirements, advisories, defects and features', () => {
    expect(new Set(referenceIds).size).toBe(referenceIds.length)
    const features = referenceIds.filter((id) => /^F-\d{3}-/.test(id))
    expect([features.length, features[0], features.at(-1)]).toEqual([187, 'F-000-01', 'F-004-24'])
  })

  test('complains when a row that is not built has a test', () => {
    const { file: _, ...requirement } = kept
    const later: Row = { ...requirement, status: 'later', issue: 'i' }
    expect(problemsOf({ ...sound, rows: [later] })).toEqual(['T-01 is later, and a test says that it proves it'])
  })
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
    ["// test('put aside [T-21]', () => {})", []],
    ["const text = '[T-21]'", []],
  ])('%j', (source, expected) => {
    expect(found(source)).toEqual(expected)
  })
})
