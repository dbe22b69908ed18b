import type { Client } from './clients/client.ts'
import type { Scopes } from './scopes.ts'
import type { Person } from './token/person.ts'

/** Who may have which scope by the settings of today. If absent, every person has every scope but that of admins. */
export interface ScopeRules {
  /**
   * Whether a person may have a scope (N6, N8).
   *
   * @param since when the OpenID Provider said who the person is, in seconds since the epoch
   */
  mayHave(scope: string, person: Person, since: number): boolean
  /** Whether there may be a person who may have it. The consent page offers no other scope. */
  isOffered(scope: string): boolean
  /** Further claims of an access token, by which `/mcp` decides about the person again. */
  claimsOf?(person: Person, since: number): object
  /** What the consent page says about the scopes. */
  readonly note?: string
}

/** What decides about the scopes of a person. */
export interface ScopeContext {
  readonly scopes: Scopes
  readonly scopeRules?: ScopeRules | undefined
}

/**
 * Whether a client may have the scope of admins, if the user adds it on the consent page (N8). Only a client of the configuration
 * may, and a client whose redirect URI the operator trusts. Anyone can register a client with another redirect URI.
 *
 * @param isTrusted whether the operator trusts the redirect URI of this request
 */
export function mayOfferAdminScope(client: Client, isTrusted: boolean, adminScope: string): boolean {
  if (client.underRetiredSecret) return false
  if (client.scopeCeiling !== undefined && !client.scopeCeiling.split(' ').includes(adminScope)) return false
  return client.source === 'configuration' || isTrusted
}

/**
 * Returns the scopes of a person among these, by the settings of today: what a code, a refresh or an assertion may give (N8). Empty:
 * the person may not use this service.
 *
 * @param since when the OpenID Provider said who the person is, in seconds since the epoch
 */
export function allowedScope(
  scope: string,
  person: Person,
  since: number,
  { scopes, scopeRules }: ScopeContext,
): string {
  return scope
    .split(' ')
    .filter((each) => (scopeRules ? scopeRules.mayHave(each, person, since) : each !== scopes.admin))
    .join(' ')
}

export const withoutAdminScope = (scope: string, { admin }: Scopes): string =>
  scope
    .split(' ')
    .filter((each) => each !== admin)
    .join(' ')
