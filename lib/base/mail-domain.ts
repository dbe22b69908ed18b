import { domainToASCII } from 'node:url'

/** An address, and what the OpenID Provider says of it. */
interface MailAddress {
  readonly email?: string
  readonly emailVerified?: boolean
}

/** The domain of an email address, as `normalDomain` spells it; `null` if there is none. */
export function mailDomain(email: string | undefined): string | null {
  const [, domain] = /^.+@([^@]+)$/s.exec(email?.trim() ?? '') ?? []
  return domain === undefined ? null : normalDomain(domain)
}

/** The domain of an email address that the OpenID Provider has verified: an unverified one is only what a user typed. */
export function verifiedDomain({ email, emailVerified }: MailAddress): string | null {
  return emailVerified === true ? mailDomain(email) : null
}

/**
 * Spells a domain for comparison: lower case, punycode, without the dot of the root at its end. Returns `null` for a domain
 * that cannot receive email.
 */
export function normalDomain(text: string): string | null {
  // These characters end a host in a URL, or are decoded there: they cannot be part of a domain.
  if (/[\s/?#\\%:@]/.test(text)) return null
  const domain = domainToASCII(text).replace(/\.$/, '')
  return /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/.test(domain) && domain.length < 254
    ? domain
    : null
}
