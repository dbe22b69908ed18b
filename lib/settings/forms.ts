import { isSecureUrl } from './urls.ts'

/**
 * A subject is what a wrong setting takes out of service: the authorization server (`sign-in`), the MCP endpoint (`mcp`),
 * both (`service`), or the account and admin pages only (`account`). Those also need a sign-in that is in service. `none`: nothing.
 */
export type Subject = 'sign-in' | 'mcp' | 'service' | 'account' | 'none'

/** The outcome of reading a value. */
export interface Reading<T> {
  /** The value to continue with; `undefined` to continue with the default. */
  readonly value: T | undefined
  /** What is wrong, each as the words that follow the name of the setting. Never repeats the value. */
  readonly complaints: readonly string[]
}

/** One row of the table of settings. */
export interface Setting<Value, Absent = undefined> {
  readonly subject: Subject
  /** Completes "<name> must be …". */
  readonly form: string
  /** The value where the setting is absent. */
  readonly default: Absent
  /** The value where the setting is absent and the brand is Redpanda. */
  readonly ofRedpanda?: Value | undefined
  /** Older names. The newer name wins. */
  readonly aliases?: readonly string[]
  /** True: the value is a secret. The service never prints it, and it must differ from every other secret. */
  readonly secret?: boolean
  read(text: string): Reading<Value>
}

/** What every row says besides its form. */
type About<Value> = Pick<Setting<Value>, 'subject' | 'aliases' | 'secret' | 'ofRedpanda'>

/** A value whose own reader says in detail what is wrong. */
export function custom<T>(about: About<T>, form: string, read: (text: string) => Reading<T>): Setting<T> {
  return { ...about, form, default: undefined, read }
}

/** Rows of the table, by the names of the settings. */
export type Rows = Readonly<Record<string, Setting<unknown, unknown>>>

/** A value that `read` understands or, by `null`, refuses. */
export const value = <T>(about: About<T>, form: string, read: (text: string) => T | null): Setting<T> =>
  custom(about, form, (text) => {
    const value = read(text)
    return value === null ? { value: undefined, complaints: [` must be ${form}`] } : { value, complaints: [] }
  })

/** Gives a row a default that holds for every brand. */
export const withDefault = <T>(otherwise: T, row: Setting<T>): Setting<T, T> => ({ ...row, default: otherwise })

/** A text that `isGood` accepts. */
export const text = (about: About<string>, form: string, isGood: (text: string) => boolean) =>
  value(about, form, (text) => (isGood(text) ? text : null))

/** One line for people or models, without control characters. `most` counts UTF-16 units. */
export const line = (about: About<string>, most = 100) =>
  text(about, `one line of at most ${most} characters`, (text) => fits(text, most, /[\p{Cc}\u2028\u2029]/u))

/** Text of several lines. `most` counts UTF-16 units. */
export const lines = (about: About<string>, most: number) =>
  text(about, `text of at most ${most} characters`, (text) => fits(text, most, /[^\P{Cc}\n\r\t]/u))

const fits = (text: string, most: number, unfit: RegExp) => text.length <= most && !unfit.test(text)

/** An identifier, a name or a key that another service issued. */
export const word = (about: About<string>) =>
  text(about, 'printable ASCII characters, without spaces', (text) => /^[!-~]{1,2000}$/.test(text))

/** An absolute https URL, or http on this machine. */
export const url = (about: About<string>) => text(about, 'an https URL', isSecureUrl)

/** A URL, or the word `off`. Keeps a malformed value, so that the other settings of the same tools are still checked. */
export const urlOrOff = (about: About<string>, form: string, isGood: (text: string) => boolean) =>
  custom(about, form, (text) => ({
    value: text,
    complaints: text === 'off' || isGood(text) ? [] : [` must be ${form}`],
  }))

/**
 * One of several words.
 *
 * @param malformed the value of every other word: the safest one
 */
export function choice<T>(about: About<T>, words: Readonly<Record<string, T>>, malformed: T): Setting<T> {
  const form = Object.keys(words).join(' or ')
  return custom(about, form, (text) => {
    const [, value] = Object.entries(words).find(([word]) => word === text) ?? []
    return value === undefined ? { value: malformed, complaints: [` must be ${form}`] } : { value, complaints: [] }
  })
}

/** `true` or `false`, and no other word (F-000-16). Its default depends on other settings. */
export const optionalFlag = (about: About<boolean>, malformed = false) =>
  choice(about, { true: true, false: false }, malformed)

/** `true` or `false`; `false` by default. */
export const flag = (about: About<boolean>, malformed = false) => withDefault(false, optionalFlag(about, malformed))

/** `on` or `off`; `on` by default. */
export const onOff = (about: About<boolean>) => withDefault(true, choice(about, { on: true, off: false }, true))

interface Range {
  readonly from: number
  readonly to: number
  readonly default: number
}

/** A whole number. */
export const integer = (about: About<number>, { from, to, default: otherwise }: Range) =>
  withDefault(
    otherwise,
    value(about, `a whole number from ${from} to ${to}`, (text) => {
      const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
      return number >= from && number <= to ? number : null
    }),
  )

const day = 86_400

/** Seconds of a window in which something is counted. */
export const windowSeconds = (about: About<number>, seconds: number) =>
  integer(about, { from: 1, to: day, default: seconds })

/** The largest count for one caller: one page of the store. A larger count would take a second trip to the store. */
export const mostInWindow = 1000

/** How often something may happen in a window; 0 is no limit. */
export const limit = (about: About<number>, otherwise: number, most = mostInWindow) =>
  integer(about, { from: 0, to: most, default: otherwise })

/** Values separated by commas. A wrong value is left out, and the complaint names its position. */
export const list = <T>(about: About<readonly T[]>, each: string, read: (entry: string) => T | null) =>
  custom<readonly T[]>(about, `a list; each value is ${each}`, (text) => {
    const values = entriesOf(text).map(read)
    return {
      value: values.filter((value) => value !== null),
      complaints: values.flatMap((value, index) => (value === null ? [`: value ${index + 1} must be ${each}`] : [])),
    }
  })

/** A list of texts that `isGood` accepts. */
export const listOf = (about: About<readonly string[]>, each: string, isGood: (entry: string) => boolean) =>
  list(about, each, (entry) => (isGood(entry) ? entry : null))

/** Returns the values of a list. */
export const entriesOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
