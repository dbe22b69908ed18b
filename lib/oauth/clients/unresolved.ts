/** Why a client_id has no client. The kinds differ in what the user is told (M-12). */
export type Unresolved = NotResolved | NotAsked

interface NotResolved {
  /**
   * `invalid`: the client_id is wrong and will stay wrong (400, invalid_client). `unavailable`: its document cannot be fetched
   * at the moment (503, Retry-After).
   */
  readonly kind: 'invalid' | 'unavailable'
  /** For the operator and the maintainer of the client. Fixed words that quote nothing from the client. */
  readonly detail: string
}

/** Nothing was fetched: the address of the caller or the host of the document is over its limit (M-14; 429, Retry-After). */
interface NotAsked {
  readonly kind: 'limited'
  readonly detail: string
  /** Seconds. */
  readonly retryAfter: number
}
