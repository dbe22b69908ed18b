import { defaultBrand } from '../pages/brand.ts'
import type { Setting, Subject } from './forms.ts'
import type { rareRows } from './rows/rare.ts'
import type { signInRows } from './rows/sign-in.ts'
import type { SettingName, SettingValue } from './table.ts'

export type Environment = { readonly [name: string]: string | undefined }

/** One thing that is wrong with the settings. */
export interface Problem {
  /** What it takes out of service. */
  readonly subject: Subject
  /** Names the setting and what is wrong with it; never a value. */
  readonly text: string
}

/**
 * Reads settings from the environment by rows of the table, and collects every problem, so that all are reported at once.
 * `Name`: the settings that it knows.
 */
export interface SettingsReader<Name extends SettingName = keyof typeof signInRows | keyof typeof rareRows> {
  readonly problems: readonly Problem[]
  /** The settings whose values are secrets, and their texts. */
  readonly secrets: readonly { readonly name: string; readonly text: string }[]
  /** The value of a setting, or its default. A wrong value is added to the problems. */
  read<One extends Name>(name: One): SettingValue<One>
  /** The same, for a setting that must be set unless it has a default. */
  required<One extends Name>(name: One, hint?: string): SettingValue<One>
  /** The trimmed text of a setting; `undefined` if it is absent or empty. */
  text(name: Name): string | undefined
  /** The trimmed text of a variable that another setting names. */
  variable(name: string): string | undefined
  /**
   * Adds a problem that the table cannot see, such as two settings that exclude each other.
   *
   * @param what the words that follow the name
   */
  complain(name: Name, what: string): void
}

/** Why a setting that usually has a default has none. */
export const noDefault = 'with MCP_BRAND_NAME it has no default'

/** @param rows may leave out rows without a default, if the environment has none of them */
export function createSettingsReader<Name extends SettingName>(
  env: Environment,
  rows: { readonly [Each in Name]?: Setting<unknown, unknown> | undefined },
): SettingsReader<Name> {
  const problems: Problem[] = []
  const textOf = (name: string) => env[name]?.trim() || undefined
  const brandIsOwn = (textOf('MCP_BRAND_NAME') ?? defaultBrand.name) !== defaultBrand.name

  /** The texts that are set, under the newest name first. */
  function textsOf(name: Name) {
    return [name, ...(rows[name]?.aliases ?? [])].flatMap((alias) => {
      const text = textOf(alias)
      return text === undefined ? [] : [{ alias, text }]
    })
  }

  function complain(name: Name, what: string, alias: string = name): void {
    problems.push({ subject: rows[name]?.subject ?? 'service', text: alias + what })
  }

  function read<One extends Name>(name: One): SettingValue<One>
  function read(name: Name): unknown {
    const row = rows[name]
    if (!row) return undefined
    const [value] = textsOf(name).flatMap(({ alias, text }) => {
      const { value, complaints } = row.read(text)
      for (const complaint of complaints) complain(name, complaint, alias)
      return value === undefined ? [] : [value]
    })
    return value ?? (brandIsOwn ? undefined : row.ofRedpanda) ?? row.default
  }

  function required<One extends Name>(name: One, hint?: string): SettingValue<One>
  function required(name: Name, hint?: string): unknown {
    const value: unknown = read(name)
    if (value === undefined && textsOf(name).length === 0) {
      const why = hint ?? (rows[name]?.ofRedpanda === undefined ? undefined : noDefault)
      complain(name, ` is missing${why === undefined ? '' : `: ${why}`}`)
    }
    return value
  }

  const isName = (name: string): name is Name => Object.hasOwn(rows, name)
  return {
    problems,
    secrets: Object.keys(rows)
      .filter(isName)
      .filter((name) => rows[name]?.secret)
      .map((name) => ({ name, text: textsOf(name)[0]?.text ?? '' })),
    read,
    required,
    text: (name) => textsOf(name)[0]?.text,
    variable: textOf,
    complain: (name, what) => complain(name, what),
  }
}
