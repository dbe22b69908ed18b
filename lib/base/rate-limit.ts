/** How often something may happen. */
export interface Limit {
  readonly limit: number
  readonly windowSeconds: number
}

/** The limit is reached. */
export interface RateLimited {
  readonly limited: true
  /** Seconds until the window is over, at least 1. */
  readonly retryAfter: number
}

export type RateLimitVerdict = { readonly limited: false } | RateLimited

/** A verdict that says how much is left. */
export type RateLimitCount =
  | {
      readonly limited: false
      /** The most that may still pass: other instances may have counted since this one looked. */
      readonly remaining: number
      /** Seconds until the window is over, at least 1. */
      readonly resetAfter: number
    }
  | RateLimited

/** A limit for each address; `lib/limits/limiter.ts` makes one. */
export interface RateLimit {
  /**
   * Counts one more for an address, unless it is over its limit.
   *
   * @param address the caller's IP address as the platform tells it, never from a header that the caller wrote
   * @param subject is counted apart; absent: everything that the address does
   */
  hit(address: string, signal: AbortSignal, subject?: string): Promise<RateLimitVerdict>
}

/** A limit of guesses: whether it is reached is known before the next guess is looked at. */
export interface GuessLimit extends RateLimit {
  /** What this instance knows already. Counts nothing, and asks no store. */
  known(address: string, subject?: string): RateLimitVerdict
}

/** A limit for all callers together; `lib/limits/overall.ts` makes one. */
export interface OverallLimit {
  /** Whether this instance knows that the limit is reached, for this address. Counts nothing, and asks no store. */
  known(address: string): RateLimitVerdict
  /** Counts one more from this address, after the answer. A store that fails does not make it reject. */
  count(address: string, signal: AbortSignal): Promise<void>
}

/**
 * The `subject` of fetches for client assertions, apart from those for pages: any web page can post junk assertions from
 * its visitors' addresses, and must not lock those visitors out.
 */
export const ofAssertions = 'assertions'
