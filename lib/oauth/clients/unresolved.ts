/** Why a client_id names nobody, told apart because a person is told different things (M-12). */
export type Unresolved = NotResolved | NotAsked

interface NotResolved {
  /**
   * `invalid`: it is wrong, and will be tomorrow (400, invalid_client). `unavailable`: its document could not be fetched just
   * now (503, Retry-After).
   */
  readonly kind: 'invalid' | 'unavailable'
  /** For the log and for whoever maintains the client: fixed words, nothing of what the client sent. */
  readonly detail: string
}

/** Nobody looked: this address, or the host of the document, has had its share of fetches (M-14; 429, Retry-After). */
interface NotAsked {
  readonly kind: 'limited'
  readonly detail: string
  /** Seconds. */
  readonly retryAfter: number
}
