import { filesOf } from './problems.ts'
import type { Group, Row } from './row.ts'
import type { TaggedTest } from './tags.ts'

/** The ledger as Markdown. Pure: the same rows and tests give the same text. */
export function ledger(groups: readonly Group[], tests: readonly TaggedTest[]): string {
  const rows = groups.flatMap((group) => group.rows)
  return [introduction(rows), summary(groups), remaining(rows), ...groups.map((group) => section(group, tests))].join(
    '\n\n',
  )
}

const introduction = (rows: readonly Row[]) => `# Conformance

What the MCP authorization specification (2026-07-28), OAuth 2.1 and its RFCs ask of an authorization server and of a
resource server, what practice and attacks on similar servers add, which features were asked for, and how each of these
${rows.length} rows is met here: the exact behaviour, the file that has it, and the tests that prove it.

This page is generated from \`dev/conformance/\` by \`dev/conformance/cli.ts\`. A test fails when a row has neither a proof nor
a reason, when a file or a test that it names is gone, or when this page is not what the generator writes.

**Level**: \`MUST\`, \`SHOULD\` and \`MAY\` as in the source; \`MUST(i)\`: a client in the wild breaks without it; \`REC\`: our own
conclusion; \`fact\`: good to know. Of a feature it is what the text that asks for it says of it: a \`gap\` is a weakness that
it names itself, \`deferred\` what it leaves for later, \`superseded\` what it gives up again. **Kept** means built and proven; what a kept row leaves open is said in it.
**Not applicable**: there is nothing to do, or something of higher rank decides otherwise. **Later**: not built yet, with
the title of the issue that builds it. Where sources disagree, the design decides, then the requirements (D- to O-), then
the features, then the advisories. F-01 to F-13 are rows about the OpenID Provider, F-000-… to F-004-… features. Many a
feature is what a requirement is: then its proof is that of the rows that it names. Sections of OAuth 2.1 are those of
draft 16.`

function summary(groups: readonly Group[]): string {
  const count = (rows: readonly Row[]) => {
    const kept = rows.filter((row) => row.status === 'kept')
    const open = kept.filter((row) => row.open !== undefined)
    const notApplicable = rows.filter((row) => row.status === 'not applicable')
    const later = rows.filter((row) => row.status === 'later')
    return [rows, kept, open, notApplicable, later].map((list) => list.length).join(' | ')
  }
  return [
    '| | Rows | Kept | of these with a part open | Not applicable | Later |',
    '|---|---|---|---|---|---|',
    ...groups.map((group) => `| [${group.title}](#${anchor(group.title)}) | ${count(group.rows)} |`),
    `| **All** | ${count(groups.flatMap((group) => group.rows))} |`,
  ].join('\n')
}

/** What an auditor asks for first. */
function remaining(rows: readonly Row[]): string {
  const lines = rows.flatMap((row) => {
    if (row.status === 'later') return [`- **${row.id}** (${row.level}): ${row.what} Later: “${row.issue}”.`]
    return row.status === 'kept' && row.open !== undefined
      ? [`- **${row.id}** (${row.level}), in part: ${row.open}`]
      : []
  })
  return ['## What is not kept', '', ...lines].join('\n')
}

function section({ title, about, rows }: Group, tests: readonly TaggedTest[]): string {
  return [
    `## ${title}`,
    '',
    about,
    '',
    '| Row | Asked | Done | Proof |',
    '|---|---|---|---|',
    ...rows.map((row) => line(row, tests)),
  ].join('\n')
}

function line(row: Row, tests: readonly TaggedTest[]): string {
  const head = `**${row.id}**<br>${row.level}<br>${row.status}`
  const asked = `${row.requirement} *${row.source}*`
  const done = [row.what, ...(row.status === 'kept' && row.open !== undefined ? [`**Open:** ${row.open}`] : [])]
  const files = filesOf(row).map((file) => `\`${file}\``)
  const issue = row.status === 'later' ? [`Issue: “${row.issue}”`] : []
  const cells = [
    head,
    asked,
    [...done, files.join(', '), ...issue].filter((text) => text !== '').join('<br>'),
    proof(row, tests),
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/** By file, each with the titles of its tests; and the command, where one proves it. */
function proof(row: Row, tests: readonly TaggedTest[]): string {
  const proving = tests.filter((test) => test.ids.includes(row.id))
  const byFile = [...new Set(proving.map((test) => test.file))].map((file) => {
    const titles = proving.filter((test) => test.file === file).map((test) => plain(test.title))
    return `\`${file}\`: ${titles.join(' · ')}`
  })
  if (row.status !== 'kept') return byFile.join('<br>')
  const command = row.command === undefined ? [] : [`\`npm run ${row.command}\``]
  const others = row.by === undefined ? [] : [`that of ${row.by.join(', ')}`]
  return [...byFile, ...command, ...others].join('<br>')
}

/** Titles are plain text: nothing in them is Markdown or HTML. */
const plain = (text: string) =>
  text.replaceAll(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`).replaceAll(/[\\`*_[\]]/g, '\\$&')

const anchor = (title: string) =>
  title
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-')
