import type { ParseArgsOptionsConfig } from 'node:util'
import type { Api, Json } from './api.ts'
import { exits, Problem } from './problem.ts'
import type { Surroundings } from './surroundings.ts'
import { type Column, table } from './table.ts'
import { safeJson } from './text.ts'

/** What a command works with. */
export interface Work {
  readonly around: Surroundings
  /** The words after the name of the command. */
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, string | boolean | undefined>>
  /** Finds the site and its token. Throws `Problem`. */
  api(): Promise<Api>
}

export interface Command {
  readonly name: string
  /** The words after the name, for the help. */
  readonly words?: string
  readonly about: string
  /** The most words that it takes. Default 0. */
  readonly most?: number
  readonly least?: number
  readonly options?: ParseArgsOptionsConfig
  /** The options in words, one a line. */
  readonly help?: readonly string[]
  /** Each without `npm run admin --`. */
  readonly examples: readonly string[]
  /** Returns the exit code. Throws `Problem`. */
  run(work: Work): Promise<number>
}

export const text = { type: 'string' } as const
export const flag = { type: 'boolean' } as const

/** Returns the text of an option. */
export const option = ({ options }: Work, name: string): string | undefined => {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

export interface Shown<Row> {
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  /** What stands in the place of an empty table. */
  readonly none: string
}

/** Prints the answer of the server as JSON, or rows of it as a table. */
export function show<Row>({ around, options }: Work, json: unknown, { rows, columns, none }: Shown<Row>): number {
  if (options.json === true) around.out.write(`${safeJson(json)}\n`)
  else around.out.write(rows.length === 0 ? `${none}\n` : table(rows, columns, around))
  return exits.done
}

/** Prints the answer of the server as JSON, or a sentence about it. */
export function say({ around, options }: Work, json: unknown, sentence: string): number {
  around.out.write(options.json === true ? `${safeJson(json)}\n` : `${sentence}\n`)
  return exits.done
}

/** Members of an answer, which may be anything: a server of another release, or none of ours. */
export const rowsOf = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? value.filter((row): row is Json => typeof row === 'object' && row !== null) : []
export const wordIn = (row: Json, name: string): string | undefined => {
  const value = row[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
export const numberIn = (row: Json, name: string): number | undefined => {
  const value = row[name]
  return typeof value === 'number' ? value : undefined
}
export const objectIn = (row: Json, name: string): Json => {
  const value = row[name]
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

/** Writes seconds since the epoch, or a day as `yyyymmdd`, as a date. */
export function dateOf(value: unknown): string | undefined {
  if (typeof value === 'string' && /^\d{8}$/.test(value)) {
    return `${value.slice(0, 4)}-${value.slice(4, 6)}-${value.slice(6)}`
  }
  return typeof value === 'number' && value > 0 && value < 1e11
    ? new Date(value * 1000).toISOString().slice(0, 10)
    : undefined
}

/** Writes milliseconds for people. */
export const durationOf = (milliseconds: number | undefined): string | undefined =>
  milliseconds === undefined
    ? undefined
    : milliseconds < 1000
      ? `${Math.round(milliseconds)} ms`
      : `${(milliseconds / 1000).toFixed(1)} s`

const subForm = /^u_[\w-]{43}$/

/** Finds a person by email address or id. Throws `Problem`. */
export async function personOf(api: Api, who: string): Promise<{ readonly sub: string; readonly title: string }> {
  if (subForm.test(who)) return { sub: who, title: who }
  if (!who.includes('@'))
    throw new Problem('Name the person by email address, or by the id that begins with u_.', exits.usage)
  const { rows } = await api.post('/people/find', { email: who })
  const subs = rowsOf(rows).flatMap((row) => wordIn(row, 'sub') ?? [])
  const [sub, another] = subs
  if (sub === undefined || !subForm.test(sub)) throw new Problem(`No person has signed in as ${who}.`, exits.notFound)
  if (another !== undefined) {
    const all = subs.filter((one) => subForm.test(one)).join('\n  ')
    throw new Problem(`Several people have this address. Name one by id:\n  ${all}`, exits.usage)
  }
  return { sub, title: who }
}

/** Asks before what cannot be undone. Throws `Problem` unless the user agrees. */
export async function confirm({ around, options }: Work, question: string): Promise<void> {
  if (options.yes === true) return
  const answer = await around.ask(`${question} Type yes: `, false)
  if (answer === null) throw new Problem(`${question} Add --yes to do it without being asked.`, exits.usage)
  if (answer.trim() !== 'yes') throw new Problem('Nothing was changed.')
}
