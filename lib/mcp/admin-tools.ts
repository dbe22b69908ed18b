import { isObject } from '../base/json.ts'
import type { AccessToken } from '../resource-server/bearer.ts'
import type { Tool } from './tools/tool.ts'

/** The scope of the tools for admins. No metadata document and no challenge names it (N8). */
export const adminScope = 'docs:admin'

/** The tools for admins. To every other caller they are unknown tools, so that no refusal names them or their scope. */
export interface AdminTools {
  readonly names: readonly string[]
  /** Whether the user of a token is an admin by the settings of today. */
  isAdmin(token: AccessToken): boolean
  /** Loads their code. */
  load(): Promise<readonly Tool[]>
}

/**
 * Takes the scope of admins from the token of a person who is no admin today. The token may be older than the settings (N8).
 *
 * @param adminTools absent: there are none, and no caller has the scope
 */
export function withAdminScopeOfToday<T extends AccessToken>(token: T, adminTools: AdminTools | undefined): T {
  if (!token.scope.includes(adminScope) || adminTools?.isAdmin(token)) return token
  return { ...token, scope: token.scope.filter((scope) => scope !== adminScope) }
}

/** Whether the content of a body lists tools, or calls one of these. */
export const asksForTools = (content: unknown, { names }: Pick<AdminTools, 'names'>): boolean =>
  [content].flat().some((message) => {
    if (!isObject(message)) return false
    const { method, params } = message
    if (method === 'tools/list') return true
    return method === 'tools/call' && isObject(params) && names.some((name) => name === params.name)
  })
