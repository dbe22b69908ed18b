import type { Citation } from './codes.ts'
import { issues, levels, type Row, statuses } from './row.ts'
import type { TaggedTest } from './tags.ts'

/** Returns everything that makes the ledger untrue, one line each. */
export function problemsOf(options: {
  readonly rows: readonly Row[]
  readonly referenceIds: readonly string[]
  readonly tests: readonly TaggedTest[]
  readonly citations: readonly Citation[]
  readonly exists: (path: string) => boolean
  /** The commands that CI runs. */
  readonly commands: readonly string[]
}): readonly string[] {
  const { rows, referenceIds, tests, citations, exists, commands } = options
  const ids = rows.map((row) => row.id)
  const tagged = new Set(tests.flatMap((test) => test.ids))
  const kept = rows.filter((row) => row.status === 'kept')
  /** By a test or a command of their own, so that two rows cannot prove each other. */
  const provenThemselves = new Set(
    kept.filter((row) => row.command !== undefined || tagged.has(row.id)).map((row) => row.id),
  )
  return [
    ...referenceIds.filter((id) => !ids.includes(id)).map((id) => `${id} has no row`),
    ...ids.filter((id) => !referenceIds.includes(id)).map((id) => `${id} is not in the reference list`),
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} has two rows`),
    ...rows.flatMap(problemsOfForm),
    ...kept
      .filter((row) => row.sameAs.length === 0 && !provenThemselves.has(row.id))
      .map((row) => `${row.id} is kept, and no test proves it`),
    ...kept.flatMap((row) =>
      row.sameAs
        .filter((other) => !provenThemselves.has(other))
        .map((other) => `${row.id} is the same as ${other}, which no test proves`),
    ),
    ...rows
      .filter((row) => row.status !== 'kept' && tagged.has(row.id))
      .map((row) => `${row.id} is ${row.status}, and a test says that it proves it`),
    ...kept.flatMap((row) =>
      row.command !== undefined && !commands.includes(row.command)
        ? [`${row.id} is proven by ${row.command}, which CI does not run`]
        : [],
    ),
    ...rows.flatMap((row) =>
      row.where.filter((path) => !exists(path)).map((path) => `${row.id} names ${path}, which does not exist`),
    ),
    ...tests.flatMap(({ file, title, ids: named }) =>
      named.filter((id) => !ids.includes(id)).map((id) => `${file}: "${title}" names ${id}, which is no row`),
    ),
    ...citations.filter(({ id }) => !ids.includes(id)).map(({ file, id }) => `${file} cites ${id}, which is no row`),
  ]
}

/** What is wrong with a row by itself. */
function problemsOfForm({
  id,
  level,
  status,
  asked,
  done,
  open,
  where,
  issue,
  sameAs,
  command,
}: Row): readonly string[] {
  const quoted = [...(open ?? '').matchAll(/“(.*?)”/g)].map(([, title = '']) => title)
  const problems: readonly [wrong: boolean, text: string][] = [
    [!levels.includes(level), `has an unknown level: ${level}`],
    [!statuses.includes(status), `has an unknown status: ${status}`],
    [asked === '' || done === '', 'must say what is asked and what is done'],
    [status === 'kept' && where.length === 0, 'is kept, and names no place'],
    [status === 'kept' && issue !== undefined, 'is kept, and names an issue'],
    [status !== 'kept' && where.length > 0, `is ${status}, and names a place`],
    [status !== 'kept' && open !== undefined, `is ${status}, and has an open part`],
    [status !== 'kept' && (sameAs.length > 0 || command !== undefined), `is ${status}, and names a proof`],
    [status === 'later' && issue === undefined, 'is later, and names no issue'],
    ...[...(issue === undefined ? [] : [issue]), ...quoted].map((title): [boolean, string] => [
      !issues.includes(title),
      `names an unknown issue: ${title}`,
    ]),
  ]
  return problems.flatMap(([wrong, text]) => (wrong ? [`${id} ${text}`] : []))
}
