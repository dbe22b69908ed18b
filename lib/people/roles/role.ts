import { mailDomain } from '../../base/mail-domain.ts'

/** What some people may do here. A role names its people by configuration, or by values of claims of the OpenID Provider. */
export interface Role extends Allowance {
  /** Verified email addresses, in lower case. */
  readonly emails: ReadonlySet<string>
  /** Domains of verified email addresses, as `normalDomain` spells them. */
  readonly domains: ReadonlySet<string>
  /** IDs of organizations, as the OpenID Provider gives them in `org_id`. */
  readonly organizations: ReadonlySet<string>
  /** Values of claims, and the mark of each (`markOf`). */
  readonly values: ReadonlyMap<string, string>
}

/** What a person may do. */
export interface Allowance {
  /** The name of the role. */
  readonly role: string
  /** The scopes that a token of the person may have. Empty: the person may not use this service. */
  readonly scopes: readonly string[]
  /** The names of the tools. Absent: every tool that the scopes allow. */
  readonly tools?: readonly string[] | undefined
}

export interface Roles {
  /** The claims that name values. Each is a path: the name of a claim, then names of members inside it. */
  readonly claims: readonly (readonly string[])[]
  /** In order. The first role that names a person counts. */
  readonly roles: readonly Role[]
  /** What everyone else may do. */
  readonly otherwise: Allowance
}

/** What decides about a person's role. */
export interface RolePerson {
  readonly email?: string | undefined
  readonly emailVerified?: boolean | undefined
  readonly organizationId?: string | undefined
  /** The marks of the values that claims named at the sign-in. Absent: nothing is known about the claims. */
  readonly roleMarks?: readonly string[] | undefined
}

/** Stands among the marks for values that the claims did not tell. */
export const unknownMark = '?'

/** Seconds. The provider may have taken a person out of a group or an organization since it named it (N8). */
export const claimsLast = 86_400

/**
 * Decides what a person may do: the first role that names them, otherwise what everyone else may do. A role that names them by a
 * claim which is unknown, or too old, might be theirs. The person may then do only what all of these roles allow, so that a missing
 * claim raises no right.
 *
 * @param age seconds since the provider said who the person is
 */
export function allowanceOf({ roles, otherwise }: Roles, person: RolePerson, age: number): Allowance {
  const isOld = age >= claimsLast
  const email = person.emailVerified === true ? lowerCase(person.email ?? '') : ''
  const domain = person.emailVerified === true ? provenDomain(person.email) : ''
  const organization = person.organizationId ?? ''
  const marks = new Set(isOld ? [unknownMark] : (person.roleMarks ?? [unknownMark]))
  const perhaps: Allowance[] = []
  for (const role of roles) {
    const belongs = role.organizations.has(organization)
    const isNamed = role.emails.has(email) || role.domains.has(domain) || (belongs && !isOld)
    if (isNamed || [...role.values.values()].some((mark) => marks.has(mark))) return narrowest(role, perhaps)
    if (belongs || (role.values.size > 0 && marks.has(unknownMark))) perhaps.push(role)
  }
  return narrowest(otherwise, perhaps)
}

/** What a role and all of these allow. */
function narrowest({ role, scopes, tools }: Allowance, others: readonly Allowance[]): Allowance {
  return others.reduce<Allowance>(
    (allowed, other) => ({
      role,
      scopes: allowed.scopes.filter((scope) => other.scopes.includes(scope)),
      tools: allowed.tools?.filter((tool) => other.tools?.includes(tool) ?? true) ?? other.tools,
    }),
    { role, scopes, tools },
  )
}

/** Lowers ASCII letters only: `toLowerCase` also turns the Kelvin sign into a `k`, and the two are different addresses. */
export const lowerCase = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/**
 * Returns the domain of an address, or an empty text. A label that is not ASCII must stay so in punycode: full-width letters, for
 * example, become the ASCII letters of another name.
 */
function provenDomain(email: string | undefined): string {
  const domain = mailDomain(email) ?? ''
  const labels = domain.split('.')
  const given = email?.trim().split('@').at(-1)?.split('.') ?? []
  const isProven =
    given.length === labels.length && given.every((label, index) => isAscii(label) || isPunycode(labels[index]))
  return isProven ? domain : ''
}

const isAscii = (label: string) => /^[\x21-\x7E]+$/.test(label)
const isPunycode = (label: string | undefined) => label?.startsWith('xn--') === true
