import type { Limit } from '../base/rate-limit.ts'
import type { AddressRange } from '../limits/address.ts'
import type { SettingsReader } from './reader.ts'

/** How often one address may do something; `undefined` is no limit. */
export type LimitSettings = ReturnType<typeof readLimits>

export function readLimits(settings: SettingsReader, exempt: readonly AddressRange[]) {
  const registerWindow = settings.read('MCP_OAUTH_REGISTER_WINDOW_SEC')
  return {
    registration: windowOf(settings.read('MCP_OAUTH_REGISTER_LIMIT'), registerWindow),
    /** The sum over all addresses. */
    allRegistrations: windowOf(settings.read('MCP_OAUTH_REGISTER_TOTAL_LIMIT'), registerWindow),
    metadataDocuments: windowOf(settings.read('MCP_OAUTH_CIMD_LIMIT'), settings.read('MCP_OAUTH_CIMD_WINDOW_SEC')),
    /** Addresses without these limits. */
    exempt,
  }
}

/** A limit of 0 is no limit. */
export const windowOf = (limit: number, windowSeconds: number): Limit | undefined =>
  limit === 0 ? undefined : { limit, windowSeconds }
