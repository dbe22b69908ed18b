import { defaultScope, scopes } from '../../capabilities.ts'
import type { Client } from '../../clients/client.ts'
import { OAuthError } from '../../errors.ts'
import type { Parameters } from '../../parameters.ts'

/** One scope of a list (RFC 6749 §3.3). */
const scopeForm = /^[\x21\x23-\x5B\x5D-\x7E]+$/

/**
 * What will be granted: what was asked for, as far as we know it and the client registered for it (C-14). Unknown scopes
 * are left out rather than refused (`openid`, `claudeai` …: A-10), and so are malformed ones unless there is nothing else;
 * if nothing remains, the least that is useful. Throws `OAuthError`.
 */
export function grantableScope(parameters: Parameters, client: Client): string {
  const requested = (parameters.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  const wanted = requested.filter((scope) => scopeForm.test(scope))
  if (wanted.length === 0 && requested.length > 0) throw new OAuthError('invalid_scope', 'scope is malformed')
  const registered = client.scope?.split(' ')
  const allowed = scopes.filter((scope) => registered?.includes(scope) ?? true)
  const granted = allowed.filter((scope) => wanted.includes(scope))
  const least = allowed.filter((scope) => defaultScope.includes(scope))
  return ([granted, least].find((choice) => choice.length > 0) ?? allowed).join(' ')
}
