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
  MCP_VAULT_AUDIENCE: {
    what: 'The API for which the provider of `UPSTREAM_ISSUER` is to make its access tokens: the `audience` of Auth0.',
    more: 'Without it, Auth0 makes tokens that only Auth0 itself can read.',
    example: 'https://pages.example.com/',
    default: 'none',
  },
  MCP_PRIVATE_PAGES_URL: {
    what: 'The search of pages that are not public. A tool asks it as the user, with the token of the vault. [What it must answer](downstream.md#what-must-the-pages-answer).',
    more: 'It needs `MCP_VAULT_KEYS`. Without it there is no such tool, and no client is offered the scope `docs:private`.',
    example: 'https://pages.example.com/search',
    default: 'none',
  },
  MCP_PRIVATE_PAGES_TOOL_NAME: {
    what: 'The name of that tool.',
    example: 'search_example_private_pages',
  },
  MCP_PRIVATE_PAGES_SERVICE_TOKEN: {
    what: 'The token of a service account at these pages, for users whose provider gave no token that can be used.',
    more: 'Such a user then sees what the service account may read. Each use is in the log (`upstream_service_account`). A user whom the provider refuses never gets it.',
    default: 'none: such a user is asked to sign in again',
  },
} as const satisfies Readonly<Record<string, Description>>
