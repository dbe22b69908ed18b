import type { Description } from './description.ts'

export const accountPages = {
  MCP_OAUTH_OWN_HOST: {
    what: 'Says that the issuer’s host serves nothing but this service. Then `/account`, `/admin` and `/login` are served there.',
    more: 'On a host with other pages, a script of one of them could act as the person who is signed in, so the pages answer 404 there. `npm start` sets it.',
    example: 'true',
  },
  MCP_ACCOUNT_ORIGIN: {
    what: 'Another domain of this same site, which serves nothing else, for `/account`, `/admin` and `/login`.',
    more: 'For an issuer whose host is a documentation site’s. Register `<this origin>/mcp/callback` at the OpenID Provider as well. The pages then answer there only, and every link leads there. Previews have no account pages then.',
    example: 'https://account.example.com',
  },
  MCP_ADMINS: {
    what: 'Who may open `/admin` and use the tools for admins: email addresses that the OpenID Provider has verified, and `org:` with the id of an organization.',
    more: 'See [admin.md](admin.md#from-an-mcp-client) for the tools. An entry may begin with the issuer of the provider and a space. It is read at every request, so a person whom you remove is no longer an admin.',
    example: 'ada@example.com, org:org_123',
  },
  MCP_ADMIN_TOKEN: {
    what: 'A bearer token with which programs and the command line read `/admin/api`. Make it with `npm run -s secret`.',
    more: 'A holder can change nothing. While you rotate the token, set two values, and remove the old one soon: every value works for as long as it is set. See [the command line](admin.md#from-the-command-line).',
    default: 'none',
  },
  MCP_ADMIN_WRITE_TOKEN: {
    what: 'A bearer token that may also end, forget and block at `/admin/api`. Make it with `npm run -s secret`.',
    more: 'It differs from `MCP_ADMIN_TOKEN`, and may have two values as well.',
    default: 'none',
  },
  MCP_SESSION_ORIGINS: {
    what: 'Origins of documentation pages that may ask `/session` who is signed in. They are on the domain of the account pages.',
    more: 'Upper case, the default port and a trailing slash do not matter. See [how a docs page shows who is signed in](docs-site-login.md). Browsers send the cookie to no other domain.',
    example: 'https://docs.example.com',
  },
  MCP_OAUTH_LOGOUT_ENDS_GRANTS: {
    what: 'Says that a [sign-out at the OpenID Provider](logout.md) also disconnects every client of the person. Otherwise it ends sessions of browsers only.',
    more: 'Set it only if your provider sends a sign-out when a person must lose access. With most providers, a person who signs out of any application in one browser would lose all connections.',
    example: 'true',
  },
  MCP_OAUTH_REVOKERS: {
    what: 'The services that may end everything of a person by [Global Token Revocation](logout.md#global-token-revocation), such as Okta: a JSON array.',
    more: 'Each entry has a `name`, and either `issuer` (it signs its requests) or `token_sha256` (the SHA-256 of its bearer token). `domains` are the email domains within which it may name people by address. `people` is the issuer whose people it reaches, by default the OpenID Provider. With several providers it is needed, and may be the name of one.',
    example: '[{"name":"okta","issuer":"https://example.okta.com","domains":["example.com"]}]',
  },
} as const satisfies Readonly<Record<string, Description>>
