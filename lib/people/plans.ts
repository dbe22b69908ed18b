import { verifiedDomain } from '../base/mail-domain.ts'
import type { Person } from './person.ts'

/** How many tool calls each user of some organizations or email domains may make. */
export interface CallPlan {
  /** The plan's name in `RateLimit-Policy`, if that header can hold it; otherwise `user`. */
  readonly policy: string
  /** Calls in a window; `undefined`: not limited. */
  readonly limit: number | undefined
  /** Identifiers, as the OpenID Provider gives them in `org_id`. */
  readonly organizations: ReadonlySet<string>
  /** As `normalDomain` spells them. */
  readonly domains: ReadonlySet<string>
}

/**
 * The plan that names the user's organization, otherwise the plan that names the domain of their verified email address. An
 * unverified address must not raise a limit.
 */
export function planOf(plans: readonly CallPlan[], person: Person): CallPlan | undefined {
  const organization = person.organization?.id ?? ''
  const domain = verifiedDomain(person) ?? ''
  return (
    plans.find(({ organizations }) => organizations.has(organization)) ??
    plans.find(({ domains }) => domains.has(domain))
  )
}
