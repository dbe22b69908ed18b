import type { Discovered } from './discovery.ts'
import type { ClientProfile } from './profile.ts'

/** The scope that the client requests, or null if it requests none. */
export function scopeOf({ authorization }: ClientProfile, found: Discovered): string | null {
  const { from, offlineAccess } = authorization.scope
  const { scopes_supported: ofResource = [] } = found.resource
  const { scopes_supported: ofServer } = found.server
  const chosen = {
    challenge: found.challengeScope?.split(' ') ?? ofResource,
    'protected resource': ofResource,
    'authorization server': ofServer,
    nowhere: [],
  }[from]
  const more = offlineAccess && ofServer.includes('offline_access') ? ['offline_access'] : []
  const all = [...new Set([...chosen, ...more])]
  return all.length > 0 ? all.join(' ') : null
}
