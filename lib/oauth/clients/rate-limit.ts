/** What is needed of a rate limit here; `lib/limits` makes one. */
export interface RateLimit {
  /** Counts one more for this address, unless it is over its limit already. */
  hit(address: string, signal: AbortSignal): Promise<RateLimitVerdict>
}

export type RateLimitVerdict = { readonly limited: false } | RateLimited

export interface RateLimited {
  readonly limited: true
  /** Seconds. */
  readonly retryAfter: number
}
