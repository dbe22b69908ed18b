import { adminScope } from './capabilities.ts'
import type { Client } from './clients/client.ts'
import type { Person } from './token/person.ts'

/**
 * Whether a person is an admin by the settings of today (N6).
 *
 * @param since when the OpenID Provider said who the person is, in seconds since the epoch
 */
export type IsAdmin = (person: Person, since: number) => boolean

/**
 * Whether a client may have the scope of admins, if the user adds it on the consent page (N8). Only a client of the configuration
 * may, and a client whose redirect URI the operator trusts. Anyone can register a client with another redirect URI.
 *
 * @param isTrusted whether the operator trusts the redirect URI of this request
 */
export function mayOfferAdminScope(client: Client, isTrusted: boolean): boolean {
  if (client.underRetiredSecret) return false
  if (client.scopeCeiling !== undefined && !client.scopeCeiling.split(' ').includes(adminScope)) return false
  return client.source === 'configuration' || isTrusted
}

/**
 * Removes the scope of admins unless the person is an admin today (N8). Every other scope stays, so that a person who is an admin
 * no longer keeps the connection.
 *
 * @param isAdmin absent: the service has no admins
 */
export function scopeOfToday(scope: string, person: Person, since: number, isAdmin: IsAdmin | undefined): string {
  return scope.split(' ').includes(adminScope) && isAdmin?.(person, since) ? scope : withoutAdminScope(scope)
}

export const withoutAdminScope = (scope: string): string =>
  scope
    .split(' ')
    .filter((each) => each !== adminScope)
    .join(' ')
