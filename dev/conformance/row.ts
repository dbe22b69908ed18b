/**
 * How binding a row is in its source. `MUST(i)`: no specification says so, but a client in the wild breaks without it.
 * `REC`: our own conclusion from the sources. `fact`: nothing to do but to know it.
 */
export type Level = 'MUST' | 'SHOULD' | 'MAY' | 'MUST(i)' | 'REC' | 'fact' | FeatureLevel

/**
 * What the text that asks for a feature says of it. `gap`: it names a weakness of its own; `deferred`: it leaves it for
 * later; `superseded`: it gives it up again further down.
 */
export type FeatureLevel = 'feature' | 'document' | 'test' | 'operation' | 'wish' | 'gap' | 'deferred' | 'superseded'

interface Requirement {
  /** As tests name it in their titles: `T-21`, `A12`, `B8-5`, `F-000-16`. */
  readonly id: string
  readonly level: Level
  /** Specification and section, or the advisory. */
  readonly source: string
  /** What is asked, in our own words; of an advisory: what went wrong elsewhere. */
  readonly requirement: string
  /** What we do, as it is seen on the wire; or why there is nothing to do. */
  readonly what: string
}

/** Built: a file does it, and at least one test or a command of CI proves it. */
export interface KeptRow extends Requirement {
  readonly status: 'kept'
  /** Where it is done, from the root of the repository. */
  readonly file: string | readonly string[]
  /** What proves it where no test of `npm test` can: the name of an npm script that CI runs. */
  readonly command?: string
  /** Rows that are kept and ask for the same thing: what proves them proves this one. */
  readonly by?: readonly string[]
  /** The part of the row that is not built. */
  readonly open?: string
}

/** Does not apply, or a source of higher rank decides otherwise. */
export interface NotApplicableRow extends Requirement {
  readonly status: 'not applicable'
}

/** Not built yet. */
export interface LaterRow extends Requirement {
  readonly status: 'later'
  readonly issue: string
}

export type Row = KeptRow | NotApplicableRow | LaterRow

export interface Group {
  readonly title: string
  /** What the rows are about, and where they come from. */
  readonly about: string
  readonly rows: readonly Row[]
}

/** Titles of the issues that build what is marked `later`. */
export const issues = {
  house: 'A house that anybody would want to live in',
  people: 'The docs team sees who asks; people see what they have connected',
  years: 'It runs for years: Postgres, doctor, observability, drills',
  signIn: 'Who may sign in: providers, companies, machines, roles',
  kit: 'For other teams: the kit, the scaffold, skills, one-click install, and the comparison',
} as const
