import { isMachine } from '../base/machine.ts'
import type { AccessToken } from '../resource-server/bearer.ts'
import { type AdminTools, withAdminScopeOfToday } from './admin-tools.ts'
import type { OfferedTo } from './tools/access.ts'

/** What the user of a token may do by the settings of today: scopes, and tools if the role lists them. */
export type AllowanceOf = (token: AccessToken) => {
  readonly scopes: readonly string[]
  readonly tools?: readonly string[] | undefined
}

/** A token with what its user may do today. A scope that the role does not allow is among those left out. */
export type UserToken = AccessToken & OfferedTo

/**
 * Narrows a token to the user's role of today, since it may be older than the settings (N8). A tool outside the role is then an
 * unknown tool, and no challenge asks for a scope that the client could never get.
 *
 * @param known every scope that a tool needs
 * @param allowanceOf absent: the service has no roles
 */
export function withRoleOfToday(
  token: AccessToken,
  known: readonly string[],
  { adminTools, allowanceOf }: { readonly adminTools?: AdminTools; readonly allowanceOf?: AllowanceOf },
): UserToken {
  // The settings say what a machine may do, and its token has just that.
  if (!allowanceOf || isMachine(token.sub)) return withAdminScopeOfToday(token, adminTools)
  const { scopes, tools } = allowanceOf(token)
  const leftOut = new Set([...(token.leftOut ?? []), ...known.filter((scope) => !scopes.includes(scope))])
  return {
    ...token,
    scope: token.scope.filter((scope) => scopes.includes(scope)),
    leftOut: [...leftOut],
    ...(tools && { tools }),
  }
}
