import { createHash } from 'node:crypto'

/** Somebody who has signed in here; the form takes anybody. */
export interface Account {
  readonly sub: string
  /** Trimmed and in lower case. */
  readonly email: string
  /** Absent: the claim is left out, as some enterprise connections do. */
  readonly emailVerified?: boolean
  readonly name: string
  readonly organization: { readonly id: string; readonly name: string }
}

/**
 * The account of an email address: the same `sub` every time. `+unverified` in the address makes `email_verified`
 * false, `+noemailverified` leaves that claim out, `+emptyorg` gives an organization without a name or id, as some
 * connections do. Without an organization's name, the address's domain is one.
 *
 * @returns null if this is not an email address
 */
export function accountFor(address: string, organization: string): Account | null {
  const email = address.trim().toLowerCase()
  const [, local, domain] = /^([^\s@<>"]+)@([^\s@<>"]+\.[^\s@<>".]+)$/.exec(email) ?? []
  if (local === undefined || domain === undefined || email.length > 254) return null
  const silent = local.includes('+noemailverified')
  const named = organization.trim().slice(0, 100)
  return {
    sub: `local|${hash(email)}`,
    email,
    ...(!silent && { emailVerified: !local.includes('+unverified') }),
    name: nameOf(local),
    organization: local.includes('+emptyorg')
      ? { id: '', name: ' ' }
      : { id: `org_${hash((named || domain).toLowerCase())}`, name: named || domain },
  }
}

/** Claims by scope; what a scope does not cover the provider filters out. */
export const claimsByScope = {
  openid: ['sub'],
  email: ['email', 'email_verified'],
  profile: ['name', 'org_id', 'org_name'],
}

/** The claims of an account, under the names that Auth0 gives them. */
export function claimsOf(account: Account) {
  return {
    sub: account.sub,
    email: account.email,
    ...(account.emailVerified !== undefined && { email_verified: account.emailVerified }),
    name: account.name,
    org_id: account.organization.id,
    org_name: account.organization.name,
  }
}

/** `ada.lovelace+work` is called "Ada Lovelace". */
function nameOf(local: string): string {
  const [plain = local] = local.split('+')
  const words = plain.split(/[._-]+/).filter((word) => word !== '')
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ') || local
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}
