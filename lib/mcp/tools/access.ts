/** Who may call a tool. */
export interface Access {
  /**
   * `never`: the tool is public, whatever `REQUIRE_AUTH` says. `if required`: needs a token with `REQUIRE_AUTH`, otherwise works
   * with or without one. `always`: needs a token, whatever `REQUIRE_AUTH` says.
   */
  readonly signIn: 'never' | 'if required' | 'always'
  /** Every scope that a token needs (S-05); empty for a public tool. */
  readonly scopes: readonly string[]
}

/** To whom tools are offered. */
export interface OfferedTo {
  /** The scopes that the user declined, or that the user's role does not allow. Absent: none. */
  readonly leftOut?: readonly string[]
  /** The names of the tools that the user's role allows. Absent: all. */
  readonly tools?: readonly string[]
}

/** Whether a tool is offered to a caller. A public tool is offered to everyone. */
export function isOffered(
  { name, access: { signIn, scopes } }: { readonly name: string; readonly access: Access },
  { leftOut = [], tools }: OfferedTo = {},
): boolean {
  if (tools && signIn !== 'never' && !tools.includes(name)) return false
  return !scopes.some((scope) => leftOut.includes(scope))
}

/** Access in ChatGPT's terms (S-19): `noauth` works without a token, `oauth2` with one; a tool may list both. */
export type SecurityScheme =
  | { readonly type: 'noauth' }
  | { readonly type: 'oauth2'; readonly scopes: readonly string[] }

export function securitySchemes({ signIn, scopes }: Access, requireAuth: boolean): readonly SecurityScheme[] {
  const noauth = { type: 'noauth' } as const
  const oauth2 = { type: 'oauth2', scopes } as const
  if (signIn === 'never') return [noauth]
  return signIn === 'always' || requireAuth ? [oauth2] : [noauth, oauth2]
}
