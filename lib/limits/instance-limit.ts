import { BoundedMap } from '../base/bounded-map.ts'
import type { GuessLimit, Limit, RateLimitVerdict } from '../base/rate-limit.ts'
import { type AddressRange, countedAs } from './address.ts'

/** Addresses that an instance remembers. */
const mostRemembered = 5_000

/**
 * A limit for each address that only one instance knows. It costs no store operation, and guards the store against a flood: with
 * several instances, an address may do as many times more.
 */
export function createInstanceLimit(
  options: Limit & {
    readonly exempt: readonly AddressRange[]
    /** Milliseconds since the epoch. */
    readonly now: () => number
  },
): GuessLimit {
  const { limit, windowSeconds, exempt, now } = options
  const counts = new BoundedMap<string, number>(mostRemembered)
  let currentEnd = 0

  /** Whether one more is too many. Otherwise adds `more`. */
  function verdict(address: string, subject: string | undefined, more: 0 | 1): RateLimitVerdict {
    const seconds = Math.floor(now() / 1000)
    const end = (Math.floor(seconds / windowSeconds) + 1) * windowSeconds
    if (end !== currentEnd) counts.clear()
    currentEnd = end
    const counted = countedAs(address, exempt, subject)
    if (!counted) return { limited: false }
    const count = counts.get(counted) ?? 0
    if (count >= limit) return { limited: true, retryAfter: end - seconds }
    if (more > 0) counts.set(counted, count + more)
    return { limited: false }
  }

  return {
    hit: async (address, _signal, subject) => verdict(address, subject, 1),
    known: (address, subject) => verdict(address, subject, 0),
  }
}
