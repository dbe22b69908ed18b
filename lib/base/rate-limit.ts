/** What is needed of a rate limit here; `lib/limits` makes one. */
export interface RateLimit {
  /**
   * Counts one more for this address, unless it is over its limit already.
   *
   * @param subject what is counted apart: absent, all that the address does
   */
  hit(address: string, signal: AbortSignal, subject?: string): Promise<RateLimitVerdict>
}

/**
 * What is fetched for assertions counts apart from what is fetched for pages: any web page can post junk assertions from its
 * visitors' addresses, and must not keep anybody there from signing in.
 */
export const ofAssertions = 'assertions'

/** A limit of guesses: who is over it is known before the next guess is looked at. */
export interface GuessLimit extends RateLimit {
  /** What is known without asking anybody. */
  known(address: string, subject?: string): RateLimitVerdict
}

export type RateLimitVerdict = { readonly limited: false } | RateLimited

export interface RateLimited {
  readonly limited: true
  /** Seconds. */
  readonly retryAfter: number
}
