import { mailDomain } from '../base/mail-domain.ts'
import disposableMailDomains from './disposable-mail-domains.json' with { type: 'json' }
import { freeMailDomains } from './free-mail-domains.ts'
import type { Person } from './person.ts'

/** Why the email address in a token is not a work address. */
export interface WorkEmailProblem {
  /** `no_email`: there is no address, or none that can be read. */
  readonly reason: 'free_provider' | 'disposable' | 'no_email'
}

const free: ReadonlySet<string> = new Set(freeMailDomains())
/** Services of throw-away addresses, from the package disposable-email-domains-js (CC0-1.0). */
const disposable: ReadonlySet<string> = new Set(disposableMailDomains)

/**
 * Says why an email address is not a work address (F-000-21), or returns null if it is one. A work address is neither at
 * a provider that gives anyone a mailbox nor at a service of throw-away addresses; subdomains of both count.
 *
 * The address need not be verified: sign-ins through a company's own provider often leave that out (F-000-72). Import
 * this file only when a work address is required, because the lists are large.
 */
export function workEmailProblem({ email }: Pick<Person, 'email'>): WorkEmailProblem | null {
  const domain = mailDomain(email)
  if (domain === null) return { reason: 'no_email' }
  const names = domainAndParents(domain)
  if (names.some((name) => free.has(name))) return { reason: 'free_provider' }
  return names.some((name) => disposable.has(name)) ? { reason: 'disposable' } : null
}

/** Whether anyone gets a mailbox at this domain, or at one above it. `domain` as `normalDomain` spells it. */
export const isPersonalDomain = (domain: string): boolean =>
  domainAndParents(domain).some((name) => free.has(name) || disposable.has(name))

function domainAndParents(domain: string): readonly string[] {
  const labels = domain.split('.')
  return labels.slice(0, -1).map((_, index) => labels.slice(index).join('.'))
}
