import { defined } from '../base/defined.ts'
import { mailDomain } from '../base/mail-domain.ts'
import type { Person } from './person.ts'
import { isPersonalDomain } from './work-email.ts'

/** The company of a person, as far as the OpenID Provider proves it. */
export interface Company {
  /** `organization:<id>`, or `domain:<domain>`. Store keys carry an HMAC of it, never the id itself. */
  readonly id: string
  /** What the organization calls itself. */
  readonly name?: string
  /** The domain of a verified email address. Absent if the address is unverified, or at a provider for anyone. */
  readonly domain?: string
}

/**
 * Returns the company of a person: the organization that the OpenID Provider names, otherwise the domain of the verified email
 * address. A domain at which anyone gets a mailbox is no company. `null`: the person belongs to no company that is known.
 *
 * Import this file only after the answer, since the lists of mail domains are large.
 *
 * @param mayClaim whether this person's provider may speak for a domain (N7). A domain that is listed for one provider counts as
 *   unverified when another provider claims it. By default every provider may speak for every domain.
 */
export function companyOf(
  { organization, email, emailVerified }: Person,
  mayClaim: (domain: string) => boolean = () => true,
): Company | null {
  const address = emailVerified === true ? mailDomain(email) : null
  const domain = address !== null && mayClaim(address) && !isPersonalDomain(address) ? address : undefined
  if (organization?.id !== undefined) {
    return defined({ id: `organization:${organization.id}`, name: organization.name, domain })
  }
  return domain === undefined ? null : { id: `domain:${domain}`, domain }
}
