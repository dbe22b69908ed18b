import { defaultScope, optionalScopes, scopes } from '../../capabilities.ts'
import type { Client } from '../../clients/client.ts'
import { OAuthError } from '../../errors.ts'
import type { Parameters } from '../../http/parameters.ts'

/** One scope of a list (RFC 6749 §3.3). */
const scopeForm = /^[\x21\x23-\x5B\x5D-\x7E]+$/

/**
 * What will be granted: what was asked for, as far as we know it. Unknown scopes are left out rather than refused
 * (`openid`, `claudeai` …: A-10), and so are malformed ones unless there is nothing else. If nothing remains: what the
 * client registered, else the least that is useful. Throws `OAuthError`.
 *
 * What a client registered is no ceiling (C-14): it wrote that itself, copying what the first challenge asked for, so that
 * a ceiling would protect nobody and leave it unable to step up later (C-15). The person decides, on the page. What the
 * operator wrote of a client is one.
 */
export function grantableScope(parameters: Parameters, client: Client): string {
  const requested = (parameters.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  const wanted = requested.filter((scope) => scopeForm.test(scope))
  if (wanted.length === 0 && requested.length > 0) throw new OAuthError('invalid_scope', 'scope is malformed')
  const registered = client.scope?.split(' ') ?? []
  const ceiling = client.scopeCeiling?.split(' ') ?? scopes
  const grantable = scopes.filter((scope) => ceiling.includes(scope))
  const choices = [wanted, registered, defaultScope].map((names) => grantable.filter((scope) => names.includes(scope)))
  return (choices.find((choice) => choice.length > 0) ?? defaultScope).join(' ')
}

/** The scopes of a request that the person may leave out: none, if nothing else would remain. */
export function optionalScopesOf(scope: string): readonly string[] {
  const asked = scope.split(' ')
  const optional = optionalScopes.filter((each) => asked.includes(each))
  return optional.length < asked.length ? optional : []
}
