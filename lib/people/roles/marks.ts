import { isObject } from '../../base/json.ts'
import { sha256 } from '../../base/sha256.ts'
import { type Roles, unknownMark } from './role.ts'

/** The mark of a value: a short hash. Codes and tokens carry marks, so that they stay short and name no group. */
export const markOf = (value: string): string => sha256(value).slice(0, 16)

/** Why the values of a claim are unknown. `overage`: Entra ID names too many groups to list them, and lists none. */
export type UnknownClaim = 'overage' | 'malformed'

/** The most marks that a person has. They travel in a cookie. */
const mostMarks = 16

/**
 * Returns the marks of the values in the configured claims that a role names. Every other claim and value is ignored, since users
 * can often set some of their own claims. A claim that is absent names nothing.
 *
 * @param claims those of a verified ID token
 * @param told is told why a claim is unknown. `unknownMark` then stands among the marks.
 */
export function marksOf(
  { claims: paths, roles }: Pick<Roles, 'claims' | 'roles'>,
  claims: unknown,
  told: (reason: UnknownClaim) => void,
): string[] {
  const held = new Set<string>()
  let isUnknown = false
  for (const path of paths) {
    const values = isOverage(claims, path[0]) ? 'overage' : valuesOf(memberAt(claims, path))
    if (typeof values === 'string') {
      isUnknown = true
      told(values)
    } else for (const value of values) held.add(value)
  }
  const named = roles.flatMap(({ values }) => [...values]).filter(([value]) => held.has(value))
  const marks = [...new Set(named.map(([, mark]) => mark))].slice(0, mostMarks)
  return isUnknown ? [unknownMark, ...marks] : marks
}

/** Reads a member of a claim, own members only. `undefined`: there is none. */
function memberAt(claims: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    claims,
  )
}

/** Reads one text, or the texts of a list. */
function valuesOf(claim: unknown): readonly string[] | UnknownClaim {
  if (claim === undefined) return []
  if (typeof claim === 'string') return [claim]
  return Array.isArray(claim) ? claim.filter((value) => typeof value === 'string') : 'malformed'
}

/** Whether the provider says that a claim is too long to be in the token (Entra ID: "groups overage claim"). */
function isOverage(claims: unknown, name: string | undefined): boolean {
  if (!isObject(claims) || name === undefined || Object.hasOwn(claims, name)) return false
  const elsewhere = claims._claim_names
  return (isObject(elsewhere) && Object.hasOwn(elsewhere, name)) || (name === 'groups' && claims.hasgroups === true)
}
