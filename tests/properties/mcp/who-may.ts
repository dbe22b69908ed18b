import type { Message } from './bodies.ts'
import { isPrivate, isStranger, scopesOf, type Who } from './callers.ts'
import { isPersonal, isPublic, neededFor, type Policy, toolNames } from './guarded-endpoint.ts'

/** The rules of access, from the documentation rather than from the code. */

function needs({ method, name }: Message, policy: Policy): { readonly signIn: boolean; readonly scopes: string[] } {
  if (method !== 'tools/call') return { signIn: policy.requireAuth && !policy.lazyAuth, scopes: ['docs:read'] }
  const tool = toolNames.find((known) => known === name) ?? 'no tool'
  if (isPublic(tool, policy)) return { signIn: false, scopes: [] }
  return { signIn: isPersonal(tool) || policy.requireAuth, scopes: [...neededFor(tool)] }
}

/** Whether the caller needs a work address and has none. */
export const isUnwanted = (who: Who, policy: Policy) => policy.requireWorkEmail && isPrivate(who)

export function mayRun(tool: string, who: Who, policy: Policy): boolean {
  if (isStranger(who) || isUnwanted(who, policy)) return false
  if (isPublic(tool, policy)) return true
  const scopes = scopesOf(who)
  if (scopes === null) return !policy.requireAuth && !isPersonal(tool)
  return neededFor(tool).every((scope) => scopes.includes(scope))
}

/** The refusal of a well-formed body; `undefined`: it is not refused. */
export function refusalOf(messages: readonly Message[], who: Who, policy: Policy) {
  if (isStranger(who)) return { status: 401, scopes: ['docs:read'] }
  // No other token of the user would help, so the answer asks for none.
  if (isUnwanted(who, policy)) return { status: 403, scopes: [] }
  const all = (messages.length > 0 ? messages : [{ method: 'tools/call' }]).map((message) => needs(message, policy))
  const needed = [...new Set(all.flatMap(({ scopes }) => scopes))].sort()
  const held = scopesOf(who)
  if (held === null) {
    const signIn = all.some((one) => one.signIn)
    return signIn ? { status: 401, scopes: needed.length > 0 ? needed : ['docs:read'] } : undefined
  }
  return needed.every((scope) => held.includes(scope)) ? undefined : { status: 403, scopes: needed }
}
