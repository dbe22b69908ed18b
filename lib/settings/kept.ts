import type { SealedPeople } from '../people/privacy/personal-data.ts'
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
  /** People whose last sign-in is so long ago, and who have nothing connected, are forgotten. 0: people are kept. */
  readonly peopleDays: number
  /** Whether email addresses and names are sealed in the store. */
  readonly sealedPeople: SealedPeople
}

export const readKept = (settings: SettingsReader): KeptSettings => ({
  attemptDays: settings.read('MCP_KEEP_ATTEMPTS_DAYS'),
  auditDays: settings.read('MCP_KEEP_AUDIT_DAYS'),
  usageDays: settings.read('MCP_KEEP_USAGE_DAYS'),
  peopleUsageDays: settings.read('MCP_KEEP_PEOPLE_USAGE_DAYS'),
  peopleDays: settings.read('MCP_KEEP_PEOPLE_DAYS'),
  sealedPeople: settings.read('MCP_PEOPLE_SEALED'),
})
