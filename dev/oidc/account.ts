import { createHash } from 'node:crypto'

/** A user who has signed in here. The form accepts every email address. */
export interface Account {
  readonly sub: string
  /** Trimmed and in lower case. */
  readonly email: string
  /** Absent: the claim is omitted, as some enterprise connections do. */
  readonly emailVerified?: boolean
  readonly name: string
  readonly organization: { readonly id: string; readonly name: string }
  /** Groups at the provider, from the address. */
  readonly groups?: readonly string[]
}

/**
 * Makes the account of an email address, with the same `sub` every time. `+unverified` in the address makes
 * `email_verified` false. `+noemailverified` omits that claim. `+emptyorg` gives an organization without a name or ID,
 * as some connections do. `+group-writers` puts the account into the group `writers`. Without the name of an organization, the domain of the address is used.
 *
 * @returns null if this is not an email address
 */
export function accountFor(address: string, organization: string): Account | null {
  const email = address.trim().toLowerCase()
  const [, local, domain] = /^([^\s@<>"]+)@([^\s@<>"]+\.[^\s@<>".]+)$/.exec(email) ?? []
  if (local === undefined || domain === undefined || email.length > 254) return null
  const silent = local.includes('+noemailverified')
  const named = organization.trim().slice(0, 100)
  const groups = local.split('+').flatMap((tag) => (tag.startsWith('group-') ? [tag.slice('group-'.length)] : []))
  return {
    sub: `local|${hash(email)}`,
    email,
    ...(!silent && { emailVerified: !local.includes('+unverified') }),
    name: nameOf(local),
    ...(groups.length > 0 && { groups }),
    organization: local.includes('+emptyorg')
      ? { id: '', name: ' ' }
      : { id: `org_${hash((named || domain).toLowerCase())}`, name: named || domain },
  }
}

/** The claims of each scope. The provider removes claims that no requested scope covers. */
export const claimsByScope = {
  openid: ['sub'],
  email: ['email', 'email_verified'],
  profile: ['name', 'org_id', 'org_name', 'groups'],
}

/** Returns the claims of an account, under the names that Auth0 uses. */
export function claimsOf(account: Account) {
  return {
    sub: account.sub,
    email: account.email,
    ...(account.emailVerified !== undefined && { email_verified: account.emailVerified }),
    name: account.name,
    org_id: account.organization.id,
    org_name: account.organization.name,
    ...(account.groups && { groups: account.groups }),
  }
}

/** Makes a name from an address: `ada.lovelace+work` becomes "Ada Lovelace". */
function nameOf(local: string): string {
  const [plain = local] = local.split('+')
  const words = plain.split(/[._-]+/).filter((word) => word !== '')
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ') || local
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}
