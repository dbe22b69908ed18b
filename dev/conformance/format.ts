import { dirname } from 'node:path'
import type { Family, Row } from './row.ts'
import type { TaggedTest } from './tags.ts'

/** Writes a file of `docs/conformance/`: its rows, each with the tests that name it in their titles. */
export function formatFamily({ title, about, rows }: Family, tests: readonly TaggedTest[]): string {
  return `${[`# ${title}`, about, ...rows.map((row) => formatRow(row, tests))].join('\n\n')}\n`
}

function formatRow(row: Row, tests: readonly TaggedTest[]): string {
  const items: readonly [label: string, text: string | undefined][] = [
    ['Asked', row.asked],
    ['Done', row.done],
    ['Open', row.open],
    ['Where', row.where.map((path) => `\`${path}\``).join(', ')],
    ['Issue', row.issue],
    ['Same as', row.sameAs.join(', ')],
    ['Command', row.command && `\`${row.command}\``],
  ]
  return [
    `## ${row.id}\n`,
    `${row.level} · ${row.status} · ${row.source}\n`,
    ...items.flatMap(([label, text]) => (text ? [`- ${label}: ${text}`] : [])),
    ...formatTests(tests.filter((test) => test.ids.includes(row.id))),
  ].join('\n')
}

/** The titles of tests by the folder of their files, so that a renamed file changes nothing. */
function formatTests(tests: readonly TaggedTest[]): readonly string[] {
  if (tests.length === 0) return []
  const byFolder = Map.groupBy(tests, (test) => dirname(test.file))
  const lines = [...byFolder].map(([folder, list]) => `  - \`${folder}/\`: ${list.map(plainTitle).join(' · ')}`)
  return ['- Tests:', ...lines]
}

/** Titles are plain text: nothing in them is Markdown or HTML. */
const plainTitle = ({ title }: TaggedTest) =>
  title.replaceAll(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`).replaceAll(/[\\`*_[\]]/g, '\\$&')

/** Ends the part of `docs/conformance.md` that is written by hand. */
export const generatedBelow = '<!-- npm run conformance writes everything below. -->'

/** Writes `docs/conformance.md`: the part written by hand, a table of the families, and what is not kept. */
export function formatIndex(page: string, families: readonly Family[]): string {
  const [byHand = ''] = page.split(generatedBelow)
  return `${byHand}${generatedBelow}\n\n${summary(families)}\n\n${remaining(families)}\n`
}

function summary(families: readonly Family[]): string {
  const count = (rows: readonly Row[]) => {
    const of = (status: string) => rows.filter((row) => row.status === status)
    const partly = of('kept').filter((row) => row.open !== undefined)
    return [rows, of('kept'), partly, of('not applicable'), of('later')].map((list) => list.length).join(' | ')
  }
  return [
    '| | Rows | Kept | of these with a part open | Not applicable | Later |',
    '|---|---|---|---|---|---|',
    ...families.map(({ name, title, rows }) => `| [${title}](conformance/${name}.md) | ${count(rows)} |`),
    `| **All** | ${count(families.flatMap(({ rows }) => rows))} |`,
  ].join('\n')
}

/** What an auditor asks for first. */
function remaining(families: readonly Family[]): string {
  const lines = families.flatMap(({ name, rows }) =>
    rows.flatMap((row) => {
      const id = `- [${row.id}](conformance/${name}.md#${row.id.toLowerCase()}) (${row.level})`
      if (row.status === 'later') return [`${id}: ${row.done} Later: “${row.issue}”.`]
      return row.open === undefined ? [] : [`${id}, in part: ${row.open}`]
    }),
  )
  return ['## What is not kept', '', ...lines].join('\n')
}
