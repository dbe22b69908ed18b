import type { Limit } from '../base/rate-limit.ts'
import type { AddressRange } from '../limits/address.ts'
import { windowOf } from './limits.ts'
import type { SettingsReader } from './reader.ts'

/** Tool calls at `/mcp`; `undefined` is no limit. */
export interface CallLimitSettings {
  /** For each signed-in user. */
  readonly user: Limit | undefined
  /** For each address, for all users who have not signed in. */
  readonly address: Limit | undefined
  /** Addresses without this limit. */
  readonly exempt: readonly AddressRange[]
}

/** Who may call `/mcp`, and how often. What the tools do is in `tool-choices.ts`. */
export interface McpSettings {
  readonly requireAuth: boolean
  /** As browsers spell them, or `https://*`. */
  readonly allowedOrigins: readonly string[]
  readonly limits: CallLimitSettings
  /** Seconds of the window of every one of these limits. */
  readonly callWindow: number
  readonly kapaApiKey: string | undefined
}

export function readMcp(settings: SettingsReader, exempt: readonly AddressRange[]): McpSettings {
  const callWindow = settings.read('MCP_LIMIT_WINDOW_SEC')
  return {
    kapaApiKey: settings.required('KAPA_API_KEY'),
    requireAuth: settings.read('REQUIRE_AUTH'),
    allowedOrigins: settings.read('MCP_ALLOWED_ORIGINS') ?? [],
    limits: {
      user: windowOf(settings.read('MCP_USER_LIMIT'), callWindow),
      address: windowOf(settings.read('MCP_ANONYMOUS_LIMIT'), callWindow),
      exempt,
    },
    callWindow,
  }
}
