/** The scopes of the protected resource. A host of this server says what they are. */
export interface Scopes {
  /** Every scope that a client may ask for, in the order in which tokens and pages name them. The scope of admins is not among them. */
  readonly all: readonly string[]
  /** Granted to a client that asks for no known scope: the least that is useful. */
  readonly initial: readonly string[]
  /** The user may leave these out on the consent page, if another scope remains. */
  readonly optional: readonly string[]
  /**
   * The scope of the tools for admins (N8). No metadata document and no challenge names it. It is granted only on request, to the
   * clients of `mayOfferAdminScope`, if the user is an admin and adds it on the consent page. Absent: there is none.
   */
  readonly admin?: string | undefined
  /** What the consent page says about each scope. It shows a scope without a text by its name. */
  readonly texts: Readonly<Record<string, string>>
}
