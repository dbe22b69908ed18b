import type { Row } from './row.ts'
import type { TaggedTest } from './tags.ts'

/** The files that do what a row asks. */
export function filesOf(row: Row): readonly string[] {
  if (row.status !== 'kept') return []
  return typeof row.file === 'string' ? [row.file] : row.file
}

/** Everything that makes the ledger untrue, one line each; empty when it holds. */
export function problemsOf(options: {
  readonly rows: readonly Row[]
  readonly referenceIds: readonly string[]
  readonly tests: readonly TaggedTest[]
  readonly exists: (file: string) => boolean
  /** The npm scripts that CI runs. */
  readonly commands: readonly string[]
}): readonly string[] {
  const { rows, referenceIds, tests, exists, commands } = options
  const ids = rows.map((row) => row.id)
  const proven = new Set(tests.flatMap((test) => test.ids))
  const kept = rows.filter((row) => row.status === 'kept')
  /** By a test or a command of its own, so that two rows cannot prove each other. */
  const provenThemselves = new Set(
    kept.filter((row) => row.command !== undefined || proven.has(row.id)).map((row) => row.id),
  )
  return [
    ...referenceIds.filter((id) => !ids.includes(id)).map((id) => `${id} has no row`),
    ...ids.filter((id) => !referenceIds.includes(id)).map((id) => `${id} is not in the reference list`),
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} has two rows`),
    ...kept
      .filter((row) => row.by === undefined && !provenThemselves.has(row.id))
      .map((row) => `${row.id} is said to be kept, and no test proves it`),
    ...kept.flatMap((row) =>
      (row.by ?? [])
        .filter((other) => !provenThemselves.has(other))
        .map((other) => `${row.id} is said to be kept by ${other}, which no test proves`),
    ),
    ...rows
      .filter((row) => row.status !== 'kept' && proven.has(row.id))
      .map((row) => `${row.id} is ${row.status}, and a test says that it proves it`),
    ...kept.flatMap((row) =>
      row.command !== undefined && !commands.includes(row.command)
        ? [`${row.id} is proven by npm run ${row.command}, which CI does not run`]
        : [],
    ),
    ...rows.flatMap((row) =>
      filesOf(row)
        .filter((file) => !exists(file))
        .map((file) => `${row.id} names ${file}, which does not exist`),
    ),
    ...tests.flatMap(({ file, title, ids: named }) =>
      named.filter((id) => !ids.includes(id)).map((id) => `${file}: "${title}" names ${id}, which is no row`),
    ),
  ]
}
