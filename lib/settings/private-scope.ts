/**
 * The scope of the tools that act at another service as the user, with the access token of the OpenID Provider (N12). It is offered
 * only where such a tool is switched on. The user may leave it out on the consent page.
 */
export const privateScope = 'docs:private'

/** Its line on the consent page. */
export const privateLine = 'Search private pages as you: it finds what your own account may read, and nothing else'
