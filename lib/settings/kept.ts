import type { SettingsReader } from './reader.ts'

/** How long records of what happened are kept, in days. */
export interface KeptSettings {
  /** The steps of each attempt to connect a client. */
  readonly attemptDays: number
  /** The audit log. */
  readonly auditDays: number
}

export const readKept = (settings: SettingsReader): KeptSettings => ({
  attemptDays: settings.read('MCP_KEEP_ATTEMPTS_DAYS'),
  auditDays: settings.read('MCP_KEEP_AUDIT_DAYS'),
})
