/** What the OpenID Provider said about a user, as an access token carries it. */
export interface Person {
  readonly email?: string
  /** `undefined`: the OpenID Provider did not say (F-000-72). */
  readonly emailVerified?: boolean
  readonly organization?: { readonly id?: string; readonly name?: string }
}
