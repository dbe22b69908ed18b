import type { SettingsReader } from './reader.ts'

/** How long records of what happened are kept, in days. */
export interface KeptSettings {
  /** The steps of each attempt to connect a client. */
  readonly attemptDays: number
  /** The audit log. */
  readonly auditDays: number
  /** Usage by company, client and tool. */
  readonly usageDays: number
  /** What each person did on which day. */
  readonly peopleUsageDays: number
}

export const readKept = (settings: SettingsReader): KeptSettings => ({
  attemptDays: settings.read('MCP_KEEP_ATTEMPTS_DAYS'),
  auditDays: settings.read('MCP_KEEP_AUDIT_DAYS'),
  usageDays: settings.read('MCP_KEEP_USAGE_DAYS'),
  peopleUsageDays: settings.read('MCP_KEEP_PEOPLE_USAGE_DAYS'),
})
