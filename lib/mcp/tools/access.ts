/** Who may call a tool. */
export interface Access {
  /**
   * `never`: it is public, whatever `REQUIRE_AUTH` says. `if required`: with a token where everybody has to sign in, else
   * with or without one. `always`: with a token, also where nobody else has to sign in.
   */
  readonly signIn: 'never' | 'if required' | 'always'
  /** What a token needs for it, complete (S-05); empty for a public tool. */
  readonly scopes: readonly string[]
}

/** Whether a tool is there for a grant whose person has left out these scopes. */
export function isOffered({ scopes }: Access, leftOut: readonly string[]): boolean {
  return !scopes.some((scope) => leftOut.includes(scope))
}

/** ChatGPT's words for it (S-19): a tool that takes no token, one that takes or needs a token, or both. */
export type SecurityScheme =
  | { readonly type: 'noauth' }
  | { readonly type: 'oauth2'; readonly scopes: readonly string[] }

export function securitySchemes({ signIn, scopes }: Access, requireAuth: boolean): readonly SecurityScheme[] {
  const noauth = { type: 'noauth' } as const
  const oauth2 = { type: 'oauth2', scopes } as const
  if (signIn === 'never') return [noauth]
  return signIn === 'always' || requireAuth ? [oauth2] : [noauth, oauth2]
}
