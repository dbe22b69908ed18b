import type { Description } from './description.ts'

export const vault = {
  MCP_VAULT_KEYS: {
    what: 'Keys of the vault, which keeps the refresh tokens that the OpenID Provider gives. Make each with `npm run -s secret`. Without a key there is no vault.',
    more: 'The first key seals, every key opens. See [the vault](downstream.md). Keep an earlier key for as long as a grant lives, 180 days.',
    default: 'none',
  },
  MCP_VAULT_SCOPES: {
    what: 'Further scopes that the OpenID Provider is asked for, beside `openid profile email offline_access`.',
    more: 'For an API that tools use as the person.',
    example: 'read:pages',
    default: 'none',
  },
} as const satisfies Readonly<Record<string, Description>>
