import type { Limit } from '../base/rate-limit.ts'
import { type AddressRange, parseRange } from '../limits/address.ts'
import type { SettingsReader } from './reader.ts'

/** How often one address may do something; `undefined`: not limited. */
export interface LimitSettings {
  readonly registration: Limit | undefined
  /** Of everybody together. */
  readonly allRegistrations: Limit | undefined
  readonly metadataDocuments: Limit | undefined
  readonly exempt: readonly AddressRange[]
}

const day = 86_400

/** As many as one page of the store lists: above that a count is more than one trip deep (`lib/limits/counter.ts`). */
export const mostInWindow = 1000

/** Of everybody together, of whom only some are counted (`lib/limits/overall.ts`). */
const mostTogether = 1_000_000

export function readLimits(settings: SettingsReader): LimitSettings {
  const exempt = settings.entries('MCP_OAUTH_LIMIT_EXEMPT', 'a CIDR range, such as 192.0.2.0/24', parseRange) ?? []
  const registerWindow = readSeconds(settings, 'MCP_OAUTH_REGISTER_WINDOW_SEC', 3600)
  return {
    registration: windowOf(settings, 'MCP_OAUTH_REGISTER_LIMIT', 20, registerWindow),
    allRegistrations: windowOf(settings, 'MCP_OAUTH_REGISTER_TOTAL_LIMIT', 10_000, registerWindow, mostTogether),
    metadataDocuments: windowOf(
      settings,
      'MCP_OAUTH_CIMD_LIMIT',
      30,
      readSeconds(settings, 'MCP_OAUTH_CIMD_WINDOW_SEC', 600),
    ),
    exempt,
  }
}

/** Calls of tools at `/mcp`; `undefined`: not limited. */
export interface CallLimitSettings {
  /** Of each person who has signed in. */
  readonly user: Limit | undefined
  /** Of each address of people who have not. */
  readonly address: Limit | undefined
}

/** Seconds of the window in which calls of tools are counted. */
export const readCallWindow = (settings: SettingsReader) => readSeconds(settings, 'MCP_LIMIT_WINDOW_SEC', 900)

export const readSeconds = (settings: SettingsReader, name: string, seconds: number) =>
  settings.integer(name, { min: 1, max: day, default: seconds })

/** 0: no limit. */
export function windowOf(
  settings: SettingsReader,
  name: string,
  otherwise: number,
  windowSeconds: number,
  most = mostInWindow,
) {
  const limit = settings.integer(name, { min: 0, max: most, default: otherwise })
  return limit === 0 ? undefined : { limit, windowSeconds }
}
