import { timingSafeEqual } from 'node:crypto'
import { sha256 } from '../../base/sha256.ts'
import { subjectOf } from '../grants/record.ts'
import { isSameIssuer } from './signed-token.ts'
import type { SubjectIdentifier } from './subject-identifier.ts'

/** A service that may end people, and which people it reaches (N4). */
export interface Revoker {
  /** For the log and the audit log. */
  readonly name: string
  /** The issuer that signs its requests. Either this or `tokenHash` is there. */
  readonly issuer?: string | undefined
  /** base64url SHA-256 of its bearer token. */
  readonly tokenHash?: string | undefined
  /** The issuer whose people it reaches. */
  readonly people: string
  /**
   * With several providers, the name of the one whose people it reaches. `null`: it is for a company, which is no provider of the list. Absent:
   * all people are of one provider.
   */
  readonly provider?: string | null | undefined
  /** The email domains within which it may name a person by address. In lower case. */
  readonly domains: ReadonlySet<string>
}

/** Returns the service to which a bearer token belongs. Takes the same time for every token: all hashes are compared. */
export function revokerOfToken(revokers: readonly Revoker[], token: string): Revoker | null {
  const shown = Buffer.from(sha256(token))
  const found = revokers.filter(
    ({ tokenHash }) => tokenHash !== undefined && timingSafeEqual(shown, Buffer.from(tokenHash)),
  )
  return found[0] ?? null
}

/**
 * Whom a request means: the person of an issuer and a subject, the person with an ID of ours, or everyone with an address. Of the last
 * two, only people of the service's provider are reached, which the records tell.
 */
export type Reached = { readonly subs: readonly string[] } | { readonly id: string } | { readonly email: string }

/** Returns whom a service means, or `null` if it does not reach that person. Asks no store, so it does not know whether they exist. */
export function reachedBy({ people, domains }: Revoker, subject: SubjectIdentifier): Reached | null {
  switch (subject.format) {
    case 'iss_sub':
      return isSameIssuer(subject.iss, people)
        ? { subs: spellingsOf(people).map((iss) => subjectOf(iss, subject.sub)) }
        : null
    case 'opaque':
      return { id: subject.id }
    case 'email': {
      const domain = subject.email.slice(subject.email.lastIndexOf('@') + 1).toLowerCase()
      return domains.has(domain) ? { email: subject.email } : null
    }
  }
}

/**
 * The ways to write an issuer. Our id of a person comes from the issuer as the provider writes it, with or without the slash of an
 * empty path; the operator and the caller may write it the other way.
 */
function spellingsOf(issuer: string): readonly string[] {
  const url = new URL(issuer)
  return url.pathname === '/' ? [url.origin, `${url.origin}/`] : [issuer]
}
