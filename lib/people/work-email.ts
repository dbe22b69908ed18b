import { disposableMailDomains } from './disposable-mail-domains.ts'
import { freeMailDomains } from './free-mail-domains.ts'
import { mailDomain } from './mail-domain.ts'
import type { Person } from './person.ts'

/** Why the address in a token is not one of a place of work. */
export interface WorkEmailProblem {
  /** `no_email`: there is none, or none that can be read. */
  readonly reason: 'free_provider' | 'disposable' | 'no_email'
}

/**
 * Whether a person who has signed in did so with a work address (F-000-21): one neither at a provider where anybody
 * gets one nor at a service of throw-away addresses. Their subdomains are theirs too. Whether the OpenID Provider has
 * verified the address does not matter: sign-ins through a company's own provider often leave that out (F-000-72).
 */
export function workEmailProblem({ email }: Pick<Person, 'email'>): WorkEmailProblem | null {
  const domain = mailDomain(email)
  if (domain === null) return { reason: 'no_email' }
  const labels = domain.split('.')
  const names = labels.slice(0, -1).map((_, index) => labels.slice(index).join('.'))
  lists ??= { free: new Set(freeMailDomains()), disposable: new Set(disposableMailDomains.trim().split('\n')) }
  const { free, disposable } = lists
  if (names.some((name) => free.has(name))) return { reason: 'free_provider' }
  return names.some((name) => disposable.has(name)) ? { reason: 'disposable' } : null
}

/** Split at first use only: importing this must cost those nothing who do not ask for a work address. */
let lists: { readonly free: ReadonlySet<string>; readonly disposable: ReadonlySet<string> } | undefined
