import type { AddressRange } from '../limits/address.ts'
import { windowOf } from './limits.ts'
import type { SettingsReader } from './reader.ts'
import type { SettingName } from './table.ts'

/** Who may call `/mcp`, and how often. What the tools do is in `tool-choices.ts`. */
export type McpSettings = ReturnType<typeof readMcp>

export function readMcp(
  settings: SettingsReader<SettingName>,
  { kapaApiKey, exempt }: { readonly kapaApiKey: string | undefined; readonly exempt: readonly AddressRange[] },
) {
  const callWindow = settings.read('MCP_LIMIT_WINDOW_SEC')
  return {
    kapaApiKey,
    requireAuth: settings.read('REQUIRE_AUTH'),
    /** As browsers spell them, or `https://*`. */
    allowedOrigins: settings.read('MCP_ALLOWED_ORIGINS') ?? [],
    /** Tool calls at `/mcp`; `undefined` is no limit. */
    limits: {
      /** For each signed-in user. */
      user: windowOf(settings.read('MCP_USER_LIMIT'), callWindow),
      /** For each machine of `MCP_MACHINES`. */
      machine: windowOf(settings.read('MCP_MACHINE_LIMIT'), callWindow),
      /** For each address, for all users who have not signed in. */
      address: windowOf(settings.read('MCP_ANONYMOUS_LIMIT'), callWindow),
      /** Addresses without this limit. */
      exempt,
    },
    /** Seconds of the window of every one of these limits. */
    callWindow,
  }
}
