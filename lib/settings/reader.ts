import { defaultBrand } from '../pages/brand.ts'
import type { Subject } from './forms.ts'
import { rowOf, type SettingName, type SettingValue } from './table.ts'

export type Environment = { readonly [name: string]: string | undefined }

/** One thing that is wrong with the settings. */
export interface Problem {
  /** What it takes out of service. */
  readonly subject: Subject
  /** Names the setting and what is wrong with it; never a value. */
  readonly text: string
}

/** Reads settings from the environment by the table, and collects every problem, so that all are reported at once. */
export type SettingsReader = ReturnType<typeof createSettingsReader>

/** Why a setting that usually has a default has none. */
export const noDefault = 'with MCP_BRAND_NAME it has no default'

export function createSettingsReader(env: Environment) {
  const problems: Problem[] = []
  const reported: readonly Problem[] = problems
  const textOf = (name: string) => env[name]?.trim() || undefined
  const brandIsOwn = (textOf('MCP_BRAND_NAME') ?? defaultBrand.name) !== defaultBrand.name

  /** The texts that are set, under the newest name first. */
  function textsOf(name: SettingName) {
    return [name, ...(rowOf(name).aliases ?? [])].flatMap((alias) => {
      const text = textOf(alias)
      return text === undefined ? [] : [{ alias, text }]
    })
  }

  function complain(name: SettingName, what: string, alias: string = name): void {
    problems.push({ subject: rowOf(name).subject, text: alias + what })
  }

  /** The value of a setting, or its default. A wrong value is added to the problems. */
  function read<Name extends SettingName>(name: Name): SettingValue<Name>
  function read(name: SettingName): unknown {
    const row = rowOf(name)
    const [value] = textsOf(name).flatMap(({ alias, text }) => {
      const { value, complaints } = row.read(text)
      for (const complaint of complaints) complain(name, complaint, alias)
      return value === undefined ? [] : [value]
    })
    return value ?? (brandIsOwn ? undefined : row.ofRedpanda) ?? row.default
  }

  /** The same, for a setting that must be set unless it has a default. */
  function required<Name extends SettingName>(name: Name, hint?: string): SettingValue<Name>
  function required(name: SettingName, hint?: string): unknown {
    const value: unknown = read(name)
    if (value === undefined && textsOf(name).length === 0) {
      const why = hint ?? (rowOf(name).ofRedpanda === undefined ? undefined : noDefault)
      complain(name, ` is missing${why === undefined ? '' : `: ${why}`}`)
    }
    return value
  }

  return {
    problems: reported,
    read,
    required,
    /** The trimmed text of a setting; `undefined` if it is absent or empty. */
    text: (name: SettingName) => textsOf(name)[0]?.text,
    /**
     * Adds a problem that the table cannot see, such as two settings that exclude each other.
     *
     * @param what the words that follow the name
     */
    complain: (name: SettingName, what: string) => complain(name, what),
  }
}
