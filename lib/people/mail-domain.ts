import { domainToASCII } from 'node:url'

/** An address, and what the OpenID Provider says of it. */
interface MailAddress {
  readonly email?: string
  readonly emailVerified?: boolean
}

/** The domain of an e-mail address, as `normalDomain` spells it. `null`: there is none. */
export function mailDomain(email: string | undefined): string | null {
  const [, domain] = /^.+@([^@]+)$/s.exec(email?.trim() ?? '') ?? []
  return domain === undefined ? null : normalDomain(domain)
}

/** Of an address that the OpenID Provider has verified: what is unverified is whatever somebody typed. */
export function verifiedDomain({ email, emailVerified }: MailAddress): string | null {
  return emailVerified === true ? mailDomain(email) : null
}

/**
 * A domain in the one spelling that is compared: lower case, punycode, without the dot of the root at its end. `null`: it
 * is none that e-mail could go to.
 */
export function normalDomain(text: string): string | null {
  // What would end a host in a URL, or be decoded, cannot be part of one.
  if (/[\s/?#\\%:@]/.test(text)) return null
  const domain = domainToASCII(text).replace(/\.$/, '')
  return /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/.test(domain) && domain.length < 254
    ? domain
    : null
}
