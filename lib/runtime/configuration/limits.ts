import { type AddressRange, parseRange } from '../../limits/address.ts'
import type { SettingsReader } from '../settings.ts'

/** How often one address may do something; `undefined`: not limited. */
export interface LimitSettings {
  readonly registration: WindowLimit | undefined
  readonly metadataDocuments: WindowLimit | undefined
  readonly exempt: readonly AddressRange[]
}

/** So many in a window of so many seconds. */
export interface WindowLimit {
  readonly limit: number
  readonly windowSeconds: number
}

const day = 86_400

export function readLimits(settings: SettingsReader): LimitSettings {
  const window = (limitName: string, windowName: string, otherwise: WindowLimit) => {
    const limit = settings.integer(limitName, { min: 0, max: 1000, default: otherwise.limit })
    const range = { min: 1, max: day, default: otherwise.windowSeconds }
    const windowSeconds = settings.integer(windowName, range)
    return limit === 0 ? undefined : { limit, windowSeconds }
  }
  const exempt = (settings.list('MCP_OAUTH_LIMIT_EXEMPT') ?? []).map(parseRange)
  if (exempt.includes(null)) settings.complain('MCP_OAUTH_LIMIT_EXEMPT must be a list of CIDR ranges')
  return {
    registration: window('MCP_OAUTH_REGISTER_LIMIT', 'MCP_OAUTH_REGISTER_WINDOW_SEC', {
      limit: 20,
      windowSeconds: 3600,
    }),
    metadataDocuments: window('MCP_OAUTH_CIMD_LIMIT', 'MCP_OAUTH_CIMD_WINDOW_SEC', { limit: 30, windowSeconds: 600 }),
    exempt: exempt.filter((range) => range !== null),
  }
}
