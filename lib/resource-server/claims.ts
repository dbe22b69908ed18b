import { Refused } from './jwt.ts'

/**
 * Whether a token is for this resource server only: its audience is one of `accepted`, and every other member of a list
 * is accepted too or is in `beside` (S-07, S-08).
 */
export function audienceIs(aud: unknown, accepted: readonly string[], beside: readonly string[] = []): boolean {
  const audiences = Array.isArray(aud) ? aud : [aud]
  return (
    audiences.some((one) => accepted.includes(one)) &&
    audiences.every((one) => accepted.includes(one) || beside.includes(one))
  )
}

/**
 * Checks the times of a token (RFC 7519 §4.1). Throws `Refused` for a token that is not valid yet, or whose times contradict each other.
 *
 * @param now and `tolerance` in seconds
 */
export function checkTimes(
  { iat, exp, nbf }: { readonly iat?: unknown; readonly exp: number; readonly nbf?: unknown },
  now: number,
  tolerance: number,
): 'current' | 'expired' {
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= Math.floor(now) + tolerance)) {
    throw new Refused('claim nbf')
  }
  if (exp <= Math.floor(now) - tolerance) return 'expired'
  if (iat !== undefined && !(typeof iat === 'number' && iat <= now + tolerance && iat < exp)) {
    throw new Refused('claim iat')
  }
  return 'current'
}
