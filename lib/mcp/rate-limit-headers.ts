import type { CountedCall } from './tool-call-limits.ts'

/** The headers of `setRateLimit`, which scripts of web pages may read too. */
export const rateLimitFields = [
  ...['RateLimit-Policy', 'RateLimit'],
  ...['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'],
  ...['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'],
]

/**
 * Tells the caller how many calls are left, in each form that is in use: draft-ietf-httpapi-ratelimit-headers-08 to -11
 * (structured fields), its revisions up to 06 (three fields, seconds to wait), and the older `X-` headers, whose reset is a
 * time of the epoch.
 *
 * @param now milliseconds since the epoch
 */
export function setRateLimit(headers: Headers, counted: CountedCall, now: number): void {
  const { policy, limit, windowSeconds, remaining, resetAfter } = counted
  headers.set('RateLimit-Policy', `"${policy}";q=${limit};w=${windowSeconds}`)
  headers.set('RateLimit', `"${policy}";r=${remaining};t=${resetAfter}`)
  const resets = { 'RateLimit-': resetAfter, 'X-RateLimit-': Math.floor(now / 1000) + resetAfter }
  for (const [prefix, reset] of Object.entries(resets)) {
    headers.set(`${prefix}Limit`, String(limit))
    headers.set(`${prefix}Remaining`, String(remaining))
    headers.set(`${prefix}Reset`, String(reset))
  }
}
