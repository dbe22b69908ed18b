import { BoundedMap } from '../../../base/bounded-map.ts'
import type { RateLimitVerdict } from '../../../base/rate-limit.ts'

/** How often one host, or one URL, is asked for documents in vain, whoever makes us ask: nobody is to be flooded through us (M-14). */
export interface FetchBudget {
  /** Before a fetch: what is under way counts. */
  take(host: string): RateLimitVerdict
  /** The fetch gave a client: a host that publishes some is asked as often as there are people who come from it. */
  giveBack(host: string): void
}

/** More than one address may ask for in a minute, so that one caller alone cannot spend it for all others. */
const FETCHES = 60
const WINDOW_SECONDS = 60
const MOST_HOSTS = 1_000

/** In memory, for this instance alone. `now` in milliseconds; `most` fetches in vain in a minute. */
export function createFetchBudget(now: () => number, most = FETCHES): FetchBudget {
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
    take(host) {
      const at = Math.floor(now() / 1000)
      const window = windowOf(host, at)
      if (window.fetches >= most) return { limited: true, retryAfter: window.end - at }
      window.fetches += 1
      return { limited: false }
    },
    giveBack(host) {
      const window = windows.get(host)
      if (window && window.fetches > 0) window.fetches -= 1
    },
  }
}
