/**
 * How binding a row is in its source. `MUST(i)`: no specification says so, but a client in the wild breaks without it.
 * `REC`: our own conclusion from the sources. `fact`: good to know. The last two lines say how the text that asks for a
 * feature describes it: a `gap` is a weakness that the text names itself, `deferred` is left for later, `superseded` is
 * given up again further down.
 */
export const levels = [
  ...['MUST', 'SHOULD', 'MAY', 'MUST(i)', 'REC', 'fact'],
  ...['feature', 'document', 'test', 'operation', 'wish'],
  ...['gap', 'deferred', 'superseded'],
]

/** `not applicable`: there is nothing to do, or a source of higher rank decides otherwise. `later`: not built yet. */
export const statuses = ['kept', 'not applicable', 'later']

export interface Row {
  /** As test titles name it: `T-21`, `A12`, `B8-5`, `F-000-16`. */
  readonly id: string
  readonly level: string
  readonly status: string
  /** Specification and section, or the advisory. */
  readonly source: string
  /** What the source asks, in our own words; for an advisory, what went wrong elsewhere. */
  readonly asked: string
  /** What the service does, as seen on the wire; or why there is nothing to do. */
  readonly done: string
  /** The part of a kept row that is not built. */
  readonly open?: string | undefined
  /** Files and folders that do it, from the root of the repository. */
  readonly where: readonly string[]
  /** Title of the issue that builds a row that is not built yet. */
  readonly issue?: string | undefined
  /** Kept rows that ask for the same: their tests prove this row. */
  readonly sameAs: readonly string[]
  /** A command that CI runs, if it proves the row: `npm run demo`. */
  readonly command?: string | undefined
}

/** One file of `docs/conformance/`. */
export interface Family {
  /** The file's name, without `.md`. */
  readonly name: string
  readonly title: string
  /** What the rows are about, and where they come from. */
  readonly about: string
  readonly rows: readonly Row[]
}

/** Titles of the issues that build what is not built yet. */
export const issues = [
  'The docs team sees who asks; people see what they have connected',
  'It runs for years: Postgres, doctor, observability, drills',
  'Who may sign in: providers, companies, machines, roles',
  'For other teams: the kit, the scaffold, skills, one-click install, and the comparison',
]
