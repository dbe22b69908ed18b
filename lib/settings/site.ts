/** Which site a request belongs to: decides the issuer and the store. */
export interface Site {
  /** Configured, or derived from the deploy: never taken from a header alone (D-04). */
  readonly issuer: string
  /** Previews have stores of their own: a site-wide store would be production's (O-16). */
  readonly storeName: string
  /** Published production: no mock, no local exceptions. */
  readonly production: boolean
  /** Under `netlify dev`, whose local store reads without ETags. */
  readonly netlifyDev?: boolean
  /** A deploy preview or a branch, which has an issuer and a store of its own. */
  readonly preview?: boolean
}
