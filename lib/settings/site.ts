/** The site of a request, which decides the issuer and the store. */
export interface Site {
  /** From the settings or from the deploy; never from a header alone (D-04). */
  readonly issuer: string
  /** Each preview has its own store, because a site-wide store would be production's (O-16). */
  readonly storeName: string
  /** Published production: no mock and no local exceptions. */
  readonly production: boolean
  /** The site runs under `netlify dev`, whose local store reads without ETags. */
  readonly netlifyDev?: boolean
  /** A deploy preview or a branch, with its own issuer and store. */
  readonly preview?: boolean
}
