import { BoundedMap } from '../../../base/bounded-map.ts'
import type { RateLimitVerdict } from '../../../base/rate-limit.ts'

/** Limits the failed fetches of all callers together from one host or URL, so that no host is flooded through us (M-14). */
export type FetchBudget = ReturnType<typeof createFetchBudget>

/** By default more than one address may cause in a minute, so that one caller alone cannot use up the budget. */
const FETCHES = 60
const WINDOW_SECONDS = 60
const MOST_HOSTS = 1_000

/** Makes a budget in memory, for this instance alone. `now` in milliseconds; `most` failed fetches in a minute. */
export function createFetchBudget(now: () => number, most = FETCHES) {
  /** In the order in which the windows began. */
  const windows = new BoundedMap<string, { readonly end: number; fetches: number }>(MOST_HOSTS)

  function windowOf(host: string, at: number) {
    const known = windows.get(host)
    if (known && known.end > at) return known
    const window = { end: at + WINDOW_SECONDS, fetches: 0 }
    windows.set(host, window)
    return window
  }

  return {
    /** Counts a fetch before it begins, so that running fetches count too. */
    take(host: string): RateLimitVerdict {
      const at = Math.floor(now() / 1000)
      const window = windowOf(host, at)
      if (window.fetches >= most) return { limited: true, retryAfter: window.end - at }
      window.fetches += 1
      return { limited: false }
    },
    /** Uncounts a fetch that returned a client, so that the host of a popular client never reaches the limit. */
    giveBack(host: string): void {
      const window = windows.get(host)
      if (window && window.fetches > 0) window.fetches -= 1
    },
  }
}
