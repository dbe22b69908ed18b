import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A test or a group of tests whose title names the rows that it proves: `refused before anything is read [A-04 A1]`. */
export interface TaggedTest {
  /** From the root of the repository. */
  readonly file: string
  /** The titles of its groups and its own, without tags. `…` stands for what each case fills in. */
  readonly title: string
  readonly ids: readonly string[]
}

/** Matches the title: the first argument of `test(`, of `describe(`, or of the function that `.each(…)` returns. */
const titleForm = /(?:\b(?:test|testOnBlobs|it|describe)\(|\)\()\s*(['"`])((?:\\.|(?!\1).)*)\1/gs

/** Matches everything in the form of a row's id: `T-21`, `A12`, `B8-5`, `F-000-16`. The check reports ids without a row. */
export const rowId = String.raw`(?:[A-Z]-\d{3}-\d\d|[A-Z]-\d\d|[A-Z]\d{1,2}(?:-\d{1,2})?)`
const tag = new RegExp(String.raw`\s*\[(${rowId}(?: ${rowId})*)\]`, 'g')

/** Reads the tags out of a source text, without running it. */
export function tagsIn(file: string, source: string): readonly TaggedTest[] {
  const titles = [...source.matchAll(titleForm)]
    .map(({ 2: text = '', index }) => ({ text, ...place(source, index) }))
    .filter(({ line }) => !/^\s*(?:\/\/|\*)/.test(line))
  return titles.flatMap(({ text, indent }, index) => {
    const ids = [...text.matchAll(tag)].flatMap(([, list = '']) => list.split(' '))
    if (ids.length === 0) return []
    const groups = enclosing(titles.slice(0, index), indent).map((group) => readable(group.text))
    return [{ file, title: [...groups.filter((group) => group !== '…'), readable(text)].join(': '), ids }]
  })
}

interface Title {
  readonly text: string
  readonly indent: number
  readonly isGroup: boolean
}

/** Returns the groups around a test, outermost first. It relies on the formatter, which indents what is inside. */
function enclosing(before: readonly Title[], indent: number): readonly Title[] {
  const last = before.findLastIndex((title) => title.isGroup && title.indent < indent)
  const group = before[last]
  return group ? [...enclosing(before.slice(0, last), group.indent), group] : []
}

/** Returns the line up to a title, its indentation, and whether its statement is a `describe`. */
function place(source: string, index: number) {
  const lines = source.slice(0, index).split('\n')
  const line = lines.at(-1) ?? ''
  const indent = line.search(/\S|$/)
  const isStatement = (text: string) =>
    text.search(/\S|$/) === indent && /^\s*(?:test|testOnBlobs|it|describe)\b/.test(text)
  const statement = source.slice(index).startsWith('describe(') ? 'describe' : (lines.findLast(isStatement) ?? '')
  return { line, indent, isGroup: statement.trimStart().startsWith('describe') }
}

/** Finds every tagged test below `root`, in the order of file names. */
export function findTaggedTests(root: string): readonly TaggedTest[] {
  return ['lib', 'cli', 'dev', 'tests']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    )
    .filter(
      (file) => file.endsWith('.ts') && !file.startsWith('dev/conformance/') && file !== 'tests/conformance.test.ts',
    )
    .sort()
    .flatMap((file) => tagsIn(file, readFileSync(join(root, file), 'utf8')))
}

/** Removes tags and escapes, and writes placeholders of `test.each` and of templates as `…`. */
function readable(text: string): string {
  return text
    .replaceAll(tag, '')
    .replaceAll(/\$\{[^}]*\}|%[sdifjo#$%p]|\$[a-z][\w.]*/gi, '…')
    .replaceAll(/\\(.)/g, '$1')
    .trim()
}
