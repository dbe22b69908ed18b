import { offlineAccess } from '../capabilities.ts'
import type { Scopes } from '../scopes.ts'
import { assertionRefused } from './refusal.ts'

// The scope of the tools for admins is not known here: no company's assertion and no machine gets it (N6, N8).

/**
 * Returns the scopes of a token by an ID-JAG (E-05). The assertion must name known scopes only, and no scope that the request does not
 * name: a client that asks for less than it could use its assertion for has been given the wrong one. The token has the scopes that
 * both name, and that the tenant may have. An assertion without scopes stands for the tenant's scopes, or the least. A request
 * without scopes asks for what the assertion has. Throws `OAuthError`.
 */
export function scopesOfAssertion(
  claim: unknown,
  requested: string | undefined,
  ceiling: readonly string[] | undefined,
  scopes: Scopes,
): readonly string[] {
  const asked = wordsOf(requested)
  if (claim !== undefined && typeof claim !== 'string') throw assertionRefused('assertion-scope')
  const said = wordsOf(claim)
  const isTooMuch = said.some((scope) => !isKnown(scope, scopes) || (asked.length > 0 && !asked.includes(scope)))
  if (isTooMuch) throw assertionRefused('assertion-scope')
  const granted = said.length > 0 ? said : (ceiling ?? scopes.initial)
  return requireSome(narrowed(granted, asked, ceiling, scopes))
}

/** Returns the scopes of a machine's token: those that it may have, or the ones of them that the request names. Throws `OAuthError`. */
export function scopesOfMachine(
  allowed: readonly string[],
  requested: string | undefined,
  scopes: Scopes,
): readonly string[] {
  const asked = wordsOf(requested).filter((scope) => isKnown(scope, scopes))
  return requireSome(narrowed(allowed, asked, undefined, scopes))
}

const isKnown = (scope: string, { all }: Scopes) => scope === offlineAccess || all.includes(scope)

const narrowed = (
  granted: readonly string[],
  asked: readonly string[],
  ceiling: readonly string[] | undefined,
  { all }: Scopes,
) =>
  all.filter(
    (scope) =>
      granted.includes(scope) &&
      (asked.length === 0 || asked.includes(scope)) &&
      (ceiling === undefined || ceiling.includes(scope)),
  )

const wordsOf = (text: string | undefined): readonly string[] => (text ?? '').split(' ').filter((word) => word !== '')

function requireSome(granted: readonly string[]): readonly string[] {
  if (granted.length === 0) throw assertionRefused('assertion-scope')
  return granted
}
