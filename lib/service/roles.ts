import { type AdminEntry, mayUseAdminTools } from '../account/admins.ts'
import { defined } from '../base/defined.ts'
import type { AllowanceOf } from '../mcp/role-of-today.ts'
import type { ScopeRules } from '../oauth/scope-rules.ts'
import type { Person } from '../oauth/token/person.ts'
import { marksOf } from '../people/roles/marks.ts'
import { type Allowance, allowanceOf, type RolePerson, type Roles } from '../people/roles/role.ts'
import { adminScope } from '../settings/docs-resource.ts'
import { parseRoles } from '../settings/roles.ts'
import { log } from './log.ts'

/** What a sign-in needs of the roles. */
export interface SignInRoles {
  readonly scopeRules: ScopeRules
  /** Reads the claims of an ID token. Absent: no claim decides. */
  readonly roleMarks?: (claims: unknown) => string[]
}

/** Composes the roles for a sign-in. `null`: the setting is wrong, and sign-in is closed. The review of the settings says why. */
export function rolesOfSignIn(text: string, admins: readonly AdminEntry[]): SignInRoles | null {
  const { value: roles } = parseRoles(text)
  if (!roles) return null
  return {
    scopeRules: scopeRulesOf(roles, admins, Date.now),
    ...(roles.claims.length > 0 && {
      roleMarks: (claims: unknown) => marksOf(roles, claims, (reason) => log('role_claims_unknown', { reason })),
    }),
  }
}

/** @param now milliseconds since the epoch */
export function scopeRulesOf(roles: Roles, admins: readonly AdminEntry[], now: () => number): ScopeRules {
  const all = [roles.otherwise, ...roles.roles].flatMap(({ scopes }) => scopes)
  const offered = new Set(admins.length > 0 ? [...all, adminScope] : all)
  return {
    mayHave: (scope, person, since) => withAdmins(roles, admins, person, now() / 1000 - since).scopes.includes(scope),
    isOffered: (scope) => offered.has(scope),
    claimsOf: ({ roleMarks }, since) => ({ role_marks: roleMarks, identified_at: since }),
    note: 'Your account decides which of these it may use.',
  }
}

/** Makes the decision at `/mcp`, from the claims of an access token. */
export function allowanceOfToken(roles: Roles, admins: readonly AdminEntry[], now: () => number): AllowanceOf {
  return ({ email, emailVerified, organization, roleMarks, provider, identifiedAt = 0 }) => {
    const person = defined({ email, emailVerified, organizationId: organization?.id, roleMarks, provider })
    return withAdmins(roles, admins, person, now() / 1000 - identifiedAt)
  }
}

/** What `/mcp` needs of the roles. */
export const rolesAtMcp = (roles: Roles, admins: readonly AdminEntry[], now: () => number) => ({
  allowanceOf: allowanceOfToken(roles, admins, now),
  isOffered: scopeRulesOf(roles, admins, now).isOffered,
})

/** What decides about admins. */
type AdminPerson = Omit<Person, 'roleMarks'>

/** What a person may do, with the scope of admins for those whom `MCP_ADMINS` names, if they may use this service at all. */
function withAdmins(
  roles: Roles,
  admins: readonly AdminEntry[],
  person: AdminPerson & RolePerson,
  age: number,
): Allowance {
  const allowance = allowanceOf(roles, person, age)
  const { scopes } = allowance
  if (
    scopes.length === 0 ||
    scopes.includes(adminScope) ||
    !mayUseAdminTools({ ...person, roleMarks: undefined }, age, admins)
  )
    return allowance
  return { ...allowance, scopes: [...scopes, adminScope] }
}
