/** What is known of a person who calls: as the OpenID Provider said it, and as an access token carries it. */
export interface Person {
  readonly email?: string
  /** `undefined`: the OpenID Provider did not say (F-000-72). */
  readonly emailVerified?: boolean
  readonly organization?: { readonly id?: string; readonly name?: string }
}
