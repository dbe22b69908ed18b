import type { Tool } from '../mcp/tools/tool.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { ToolSettings } from '../settings/tools.ts'
import type { Store } from '../store/store.ts'
import { createAccountTools } from './account-tools.ts'
import { createTools } from './documentation-tools.ts'
import { toolProfiles } from './tool-profiles.ts'

/** Creates every tool, in the order of `tools/list`. This is loaded when a client lists the tools or calls one. */
export async function createAllTools(
  settings: ToolSettings,
  configuration: Configuration,
  store: Store,
): Promise<readonly Tool[]> {
  const profiles = toolProfiles(settings)
  const { privatePages } = settings
  return [
    ...createTools(settings, profiles, configuration.mcp.kapaApiKey ?? ''),
    ...(privatePages && profiles.privatePages
      ? [
          (await import('./upstream-token.ts')).createPrivatePagesTool(
            privatePages,
            profiles.privatePages,
            configuration,
            store,
          ),
        ]
      : []),
    ...createAccountTools(settings, profiles, configuration, store),
  ]
}
