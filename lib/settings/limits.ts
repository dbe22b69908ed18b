import type { Limit } from '../base/rate-limit.ts'
import type { AddressRange } from '../limits/address.ts'
import type { SettingsReader } from './reader.ts'

/** How often one address may do something; `undefined` is no limit. */
export interface LimitSettings {
  readonly registration: Limit | undefined
  /** The sum over all addresses. */
  readonly allRegistrations: Limit | undefined
  readonly metadataDocuments: Limit | undefined
  /** Addresses without these limits. */
  readonly exempt: readonly AddressRange[]
}

export function readLimits(settings: SettingsReader, exempt: readonly AddressRange[]): LimitSettings {
  const registerWindow = settings.read('MCP_OAUTH_REGISTER_WINDOW_SEC')
  return {
    registration: windowOf(settings.read('MCP_OAUTH_REGISTER_LIMIT'), registerWindow),
    allRegistrations: windowOf(settings.read('MCP_OAUTH_REGISTER_TOTAL_LIMIT'), registerWindow),
    metadataDocuments: windowOf(settings.read('MCP_OAUTH_CIMD_LIMIT'), settings.read('MCP_OAUTH_CIMD_WINDOW_SEC')),
    exempt,
  }
}

/** A limit of 0 is no limit. */
export const windowOf = (limit: number, windowSeconds: number): Limit | undefined =>
  limit === 0 ? undefined : { limit, windowSeconds }
