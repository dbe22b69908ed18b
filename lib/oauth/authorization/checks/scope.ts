import { defaultScope, scopes } from '../../capabilities.ts'
import type { Client } from '../../clients/client.ts'
import { OAuthError } from '../../errors.ts'
import type { Parameters } from '../../parameters.ts'

/** RFC 6749 §3.3. */
const scopeForm = /^[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*$/

/**
 * What will be granted: what was asked for, as far as we know it and the client registered for it. Unknown scopes are
 * left out rather than refused (`openid`, `claudeai` …: A-10); if nothing remains, the least that is useful.
 */
export function grantableScope(parameters: Parameters, client: Client): string {
  const requested = parameters.get('scope')
  if (requested !== undefined && !scopeForm.test(requested)) {
    throw new OAuthError('invalid_scope', 'scope is malformed')
  }
  const wanted = requested?.split(' ') ?? []
  const registered = client.scope?.split(' ')
  const granted = scopes.filter((scope) => wanted.includes(scope) && (registered?.includes(scope) ?? true))
  return (granted.length > 0 ? granted : defaultScope).join(' ')
}
