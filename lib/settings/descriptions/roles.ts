import type { Description } from './description.ts'

export const roles = {
  MCP_ROLES: {
    what: 'Roles as a JSON object: who has which scopes and tools, by address, domain, organization or a claim of the OpenID Provider.',
    more: 'See [roles](roles.md). Anything wrong in it takes the whole service out of service, so that no person gains a role by a typing error.',
    example: '{"roles": [{"name": "limited", "domains": ["example.com"]}], "default": "user"}',
    default: 'none: everyone has the role `user`, and `MCP_ADMINS` names the admins',
  },
} as const satisfies Readonly<Record<string, Description>>
