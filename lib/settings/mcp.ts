import { type CallLimitSettings, readCallWindow, windowOf } from './limits.ts'
import { readOrigins } from './origins.ts'
import type { SettingsReader } from './reader.ts'

/** What more than the `mcp` function has to know of `/mcp`; its tools are in `tools.ts`. */
export interface McpSettings {
  readonly requireAuth: boolean
  /** As browsers spell them, or `https://*`. */
  readonly allowedOrigins: readonly string[]
  readonly limits: CallLimitSettings
  /** Seconds in which calls of tools are counted. */
  readonly callWindow: number
  readonly kapaApiKey: string | undefined
}

export function readMcp(settings: SettingsReader): McpSettings {
  const callWindow = readCallWindow(settings)
  const kapaApiKey = settings.word('KAPA_API_KEY')
  if (settings.text('KAPA_API_KEY') === undefined) settings.complain('KAPA_API_KEY is missing')
  return {
    requireAuth: settings.flag('REQUIRE_AUTH', { malformed: true }),
    allowedOrigins: readOrigins(settings),
    // 60 calls in 15 minutes unless the operator sets another limit. Both limits share one window, which is read once.
    limits: {
      user: windowOf(settings, 'MCP_USER_LIMIT', 60, callWindow),
      address: windowOf(settings, 'MCP_ANONYMOUS_LIMIT', 60, callWindow),
    },
    callWindow,
    kapaApiKey,
  }
}
