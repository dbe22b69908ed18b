import type { Setting } from './forms.ts'
import { mcpRows } from './rows/mcp.ts'
import { observabilityRows } from './rows/observability.ts'
import { rareRows } from './rows/rare.ts'
import { signInRows } from './rows/sign-in.ts'
import { storeRows } from './rows/store.ts'

/** Every setting of the service, by name: what it may be, its default, and what a wrong value takes out of service. */
export const table = {
  ...signInRows,
  ...rareRows,
  ...mcpRows,
  ...storeRows,
  ...observabilityRows,
} as const

export type SettingName = keyof typeof table

/** What the reader returns for a setting. */
export type SettingValue<Name extends SettingName> =
  (typeof table)[Name] extends Setting<infer Value, infer Absent> ? Value | Absent : never

export const settingNames = Object.keys(table) as readonly SettingName[]

/** The row of a setting, whatever its value is. */
export const rowOf = (name: SettingName): Setting<unknown, unknown> => table[name]

/** Every name that the environment may use: those of the table and the older ones. */
export const knownNames: ReadonlySet<string> = new Set(
  settingNames.flatMap((name) => [name, ...(rowOf(name).aliases ?? [])]),
)

/** Whether a name looks like a setting of this service. */
export const isOurs = (name: string) => /^(?:MCP|UPSTREAM|REDPANDA_OAUTH|KAPA|CRM|REQUIRE|STORE)_/i.test(name)

/** The names in an environment that look like settings of this service but are not: probably misspelled. */
export const unreadNames = (env: Readonly<Record<string, unknown>>) =>
  Object.keys(env).filter((name) => isOurs(name) && !knownNames.has(name) && !isNamed(name, env))

/** Whether `MCP_PROVIDERS` names this variable for a client secret. */
export const isNamed = (name: string, { MCP_PROVIDERS: list }: Readonly<Record<string, unknown>>) =>
  name.startsWith('MCP_PROVIDER_SECRET_') && String(list).includes(`"${name}"`)
