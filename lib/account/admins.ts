import { mailDomain } from '../base/mail-domain.ts'
import type { Person } from '../oauth/token/person.ts'
import type { Session } from './session.ts'

/**
 * An entry of the list of admins (N6): a verified email address or the id of an organization, at one OpenID Provider. Never
 * the name of an organization, which its members may choose.
 */
export interface AdminEntry {
  /** The issuer of the provider, or with several its name. Absent: the only provider of this server. */
  readonly provider?: string
  /** With several providers: the name of the one that the person must come from, `default` for the default one. */
  readonly name?: string
  /** Which email address or organization the session must have. */
  readonly who: { readonly email: string } | { readonly organizationId: string }
}

/** The form of an entry, as the words that follow "must be". */
export const adminForm =
  'an email address, or org: and the id of an organization, either after the issuer or the name of the provider and a space'

/** Reads an entry: `ada@example.com`, `org:org_123`, or one of them after the issuer and a space. */
export function parseAdmin(text: string): AdminEntry | null {
  const [, provider, who = ''] = /^(?:(https?:\/\/\S+|[a-z0-9-]+) )?(\S+)$/.exec(text) ?? []
  if (provider?.includes(':') && !URL.canParse(provider)) return null
  const entry = whoOf(who)
  return entry && { ...(provider !== undefined && { provider }), who: entry }
}

function whoOf(text: string): AdminEntry['who'] | null {
  const [, organizationId] = /^org:([\w.:|-]{1,96})$/.exec(text) ?? []
  if (organizationId !== undefined) return { organizationId }
  return mailDomain(text) === null || /[:*]/.test(text) ? null : { email: text }
}

/**
 * Whether a session may open admin pages. Called at every request with the settings of this instance, so that a person whom the
 * operator removes from the list is no longer an admin.
 *
 * @param now milliseconds since the epoch
 */
export function isAdmin(session: Session, admins: readonly AdminEntry[], now: number): boolean {
  if (session.adminUntil <= now / 1000) return false
  return admins.some((entry) => isOfProvider(entry, session.provider) && isAbout(entry, session.person))
}

/** Seconds. The provider may have taken the person out of the organization since it named it (N8). */
export const organizationLasts = 86_400

/**
 * Whether the person of a grant may use the tools for admins. Called at every refresh and every call.
 *
 * @param person at the one provider of the settings, whose issuer every entry has if it has one, or at one of several
 * @param age seconds since the provider said who the person is; 0 if another part checks it
 */
export const mayUseAdminTools = (person: Person, age: number, admins: readonly AdminEntry[]): boolean =>
  admins.some((entry) => isAbout(entry, person) && ('email' in entry.who || age < organizationLasts))

function isAbout({ who, name }: AdminEntry, { email, emailVerified, organizationId, provider }: Person): boolean {
  if (name !== undefined && name !== (provider ?? 'default')) return false
  if ('organizationId' in who) return organizationId === who.organizationId
  // The person may have typed any address that the provider has not verified.
  return emailVerified === true && email !== undefined && lowerCase(email) === lowerCase(who.email)
}

/** Compares ASCII only: `toLowerCase` also turns the Kelvin sign into a `k`, and the two are different addresses. */
const lowerCase = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/** Whether an entry is about people of the provider with this issuer, as its ID tokens name it. */
export const isOfProvider = ({ provider }: AdminEntry, issuer: string | undefined): boolean =>
  provider === undefined || (issuer !== undefined && withoutSlash(provider) === withoutSlash(issuer))

const withoutSlash = (issuer: string) => issuer.replace(/\/$/, '')
