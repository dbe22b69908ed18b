import { verifiedDomain } from './mail-domain.ts'
import type { Person } from './person.ts'

/** How many tools the people of some organizations or e-mail domains may call, each of them for themselves. */
export interface CallPlan {
  /** What `RateLimit-Policy` calls it: its name, where that header can hold it. */
  readonly policy: string
  /** Calls in a window; `undefined`: not limited. */
  readonly limit: number | undefined
  /** Identifiers, as the OpenID Provider gives them in `org_id`. */
  readonly organizations: ReadonlySet<string>
  /** As `normalDomain` spells them. */
  readonly domains: ReadonlySet<string>
}

/**
 * The plan that names the person's organization, else the one that names the domain of their verified e-mail address. An
 * address that nobody has verified must not raise a limit.
 */
export function planOf(plans: readonly CallPlan[], person: Person): CallPlan | undefined {
  const organization = person.organization?.id ?? ''
  const domain = verifiedDomain(person) ?? ''
  return (
    plans.find(({ organizations }) => organizations.has(organization)) ??
    plans.find(({ domains }) => domains.has(domain))
  )
}
