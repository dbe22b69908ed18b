import { assertionRefused } from './refusal.ts'

/** The claims that every assertion has (RFC 7523 §3). Times are in seconds since the epoch. */
export interface AssertionClaims {
  readonly issuer: string
  readonly subject: string
  readonly id: string
  readonly issuedAt: number
  /** When the assertion can no longer be used, with the difference of the clocks. */
  readonly endsAt: number
}

/** Seconds. The difference of two clocks. */
const skew = 30
const longestText = 512

/**
 * Checks what can be checked without the key, so that an assertion that must be refused anyway causes no fetch. Throws `OAuthError`.
 *
 * @param audiences the accepted values of `aud`, which must be one alone: an assertion for several servers could be used by one of
 *   them at another
 * @param longestLife seconds from `iat` to `exp` at most
 * @param now seconds since the epoch
 */
export function readAssertionClaims(
  { iss, sub, aud, jti, iat, exp, nbf }: Readonly<Record<string, unknown>>,
  { audiences, longestLife, now }: { readonly audiences: readonly string[]; readonly longestLife: number; now: number },
): AssertionClaims {
  const audience = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud
  if (!audiences.includes(audience)) throw assertionRefused('assertion-audience')
  if (!isText(iss) || !isText(sub) || !isText(jti)) throw assertionRefused('assertion-claims')
  if (!isTime(iat) || !isTime(exp) || (nbf !== undefined && !isTime(nbf))) throw assertionRefused('assertion-claims')
  if (exp <= now - skew) throw assertionRefused('assertion-expired')
  if (iat > now + skew || (nbf ?? 0) > now + skew) throw assertionRefused('assertion-not-yet')
  if (exp <= iat || exp - iat > longestLife) throw assertionRefused('assertion-too-old')
  return { issuer: iss, subject: sub, id: jti, issuedAt: iat, endsAt: Math.ceil(exp) + skew }
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= longestText

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value > 0
