/** Why a client_id names nobody, told apart because a person is told different things (M-12). */
export interface Unresolved {
  /**
   * `invalid`: it is wrong, and will be tomorrow (400, invalid_client). `unavailable`: its document could not be fetched just
   * now (503, Retry-After).
   */
  readonly kind: 'invalid' | 'unavailable'
  /** For the log and for whoever maintains the client: fixed words, nothing of what the client sent. */
  readonly detail: string
}
