import { createPrivatePages } from '../answers/private-pages.ts'
import { searchPrivatePages } from '../mcp/tools/private-pages.ts'
import type { Tool, ToolProfile } from '../mcp/tools/tool.ts'
import { createGrants } from '../oauth/grants/grants.ts'
import { grantStatus } from '../oauth/grants/status.ts'
import { endGone } from '../oauth/vault/gone.ts'
import { createUpstreamToken, type GetUpstreamToken } from '../oauth/vault/upstream-token.ts'
import type { Configuration } from '../settings/configuration.ts'
import { privateScope } from '../settings/private-scope.ts'
import type { PrivatePagesChoices } from '../settings/tool-choices.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'
import { noteEnded, vaultOf } from './vault.ts'

/**
 * Composes the function by which tools act at another service as the person. Without a vault, no person is connected.
 *
 * @param serviceToken a token of a service account there, for callers who are not connected
 */
export function upstreamTokenOf(configuration: Configuration, store: Store, serviceToken?: string): GetUpstreamToken {
  const vault = vaultOf(configuration, store)
  if (!vault) return async () => ({ kind: 'not_connected', reason: 'there is no vault' })
  const now = Date.now
  const grants = createGrants({
    ...{ store, now, log },
    grace: configuration.signIn?.lifetimes.grace ?? 0,
    ended: (grant, signal) => noteEnded(store, grant, signal),
  })
  return createUpstreamToken({
    ...{ vault, serviceToken, now, log, scope: privateScope },
    status: (grant, signal) => grantStatus(store, grant, signal),
    endGone: (grant, reason, signal) => endGone(grant, reason, { vault, grants, log }, signal),
  })
}

/** Creates the tool that searches private pages as the user. Its code is loaded only where the settings have it. */
export function createPrivatePagesTool(
  { url, serviceToken }: Pick<PrivatePagesChoices, 'url' | 'serviceToken'>,
  profile: ToolProfile,
  configuration: Configuration,
  store: Store,
): Tool {
  return searchPrivatePages({
    ...profile,
    pages: createPrivatePages({ url }),
    upstreamToken: upstreamTokenOf(configuration, store, serviceToken),
    log,
  })
}
