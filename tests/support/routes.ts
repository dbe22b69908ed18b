/**
 * The callers that a route answers:
 * - `public`: anyone;
 * - `browser flow`: a browser in the middle of a sign-in, proven by its form or cookies;
 * - `client`: an OAuth client that authenticates, or proves itself with PKCE or a refresh token;
 * - `bearer`: an access token;
 * - `session`: a person who has signed in in this browser, or an admin’s token;
 * - `operator`: a token that the operator has issued;
 * - `provider`: a token that the OpenID Provider or another issuer has signed, or one that the operator has issued;
 * - `scheduled`: Netlify's scheduler only, there is no URL in production.
 */
export type Authentication =
  | 'public'
  | 'browser flow'
  | 'client'
  | 'bearer'
  | 'session'
  | 'operator'
  | 'provider'
  | 'scheduled'

export interface ExpectedRoute {
  readonly function: string
  /** The one literal path, a path with a name of a part, a prefix with a star at its end, or null for a scheduled function. */
  readonly path: string | null
  readonly authentication: Authentication
}

/** Every route of this project. A route that is not here, or here only, fails `tests/flows/manifest.test.ts`. */
export const routes: readonly ExpectedRoute[] = [
  { function: 'oauth', path: '/.well-known/oauth-authorization-server', authentication: 'public' },
  { function: 'oauth', path: '/.well-known/oauth-authorization-server/', authentication: 'public' },
  { function: 'oauth', path: '/.well-known/oauth-authorization-server/mcp', authentication: 'public' },
  { function: 'oauth', path: '/.well-known/oauth-authorization-server/mcp/', authentication: 'public' },
  { function: 'oauth', path: '/.well-known/openid-configuration', authentication: 'public' },
  { function: 'oauth', path: '/.well-known/openid-configuration/', authentication: 'public' },
  { function: 'oauth', path: '/.well-known/openid-configuration/mcp', authentication: 'public' },
  { function: 'oauth', path: '/.well-known/openid-configuration/mcp/', authentication: 'public' },
  { function: 'oauth', path: '/mcp/.well-known/openid-configuration', authentication: 'public' },
  { function: 'oauth', path: '/mcp/.well-known/openid-configuration/', authentication: 'public' },
  { function: 'oauth', path: '/.well-known/oauth-protected-resource', authentication: 'public' },
  { function: 'oauth', path: '/.well-known/oauth-protected-resource/', authentication: 'public' },
  { function: 'oauth', path: '/.well-known/oauth-protected-resource/mcp', authentication: 'public' },
  { function: 'oauth', path: '/.well-known/oauth-protected-resource/mcp/', authentication: 'public' },
  { function: 'oauth', path: '/.well-known/jwks.json', authentication: 'public' },
  { function: 'oauth', path: '/.well-known/jwks.json/', authentication: 'public' },
  { function: 'oauth', path: '/oauth/register', authentication: 'public' },
  { function: 'oauth', path: '/oauth/authorize', authentication: 'browser flow' },
  { function: 'oauth', path: '/oauth/approve', authentication: 'browser flow' },
  { function: 'oauth', path: '/oauth/confirm', authentication: 'browser flow' },
  { function: 'oauth', path: '/login', authentication: 'browser flow' },
  { function: 'oauth', path: '/mcp/callback', authentication: 'browser flow' },
  { function: 'oauth', path: '/mcp/callback/:name', authentication: 'browser flow' },
  { function: 'oauth', path: '/oauth/mock-idp/authorize', authentication: 'browser flow' },
  { function: 'oauth', path: '/oauth/token', authentication: 'client' },
  { function: 'oauth', path: '/oauth/par', authentication: 'client' },
  { function: 'oauth', path: '/oauth/revoke', authentication: 'client' },
  { function: 'oauth', path: '/oauth/introspect', authentication: 'operator' },
  { function: 'oauth', path: '/authorize', authentication: 'browser flow' },
  { function: 'oauth', path: '/token', authentication: 'client' },
  { function: 'oauth', path: '/register', authentication: 'public' },
  { function: 'mcp', path: '/mcp', authentication: 'bearer' },
  { function: 'mcp', path: '/mcp/', authentication: 'bearer' },
  { function: 'mcp', path: '/mcp/api/ask', authentication: 'bearer' },
  { function: 'about', path: '/', authentication: 'public' },
  { function: 'about', path: '/health', authentication: 'public' },
  { function: 'about', path: '/health/ready', authentication: 'public' },
  { function: 'about', path: '/mcp/server-card', authentication: 'public' },
  { function: 'about', path: '/mcp/server-card/', authentication: 'public' },
  { function: 'about', path: '/mcp/copy.js', authentication: 'public' },
  { function: 'about', path: '/llms.txt', authentication: 'public' },
  { function: 'about', path: '/.well-known/mcp/server-card.json', authentication: 'public' },
  { function: 'about', path: '/.well-known/mcp/server-card.json/', authentication: 'public' },
  { function: 'about', path: '/.well-known/ai-catalog.json', authentication: 'public' },
  { function: 'about', path: '/.well-known/ai-catalog.json/', authentication: 'public' },
  { function: 'about', path: '/.well-known/agent-skills/:file', authentication: 'public' },
  { function: 'about', path: '/.well-known/agent-skills/:name/SKILL.md', authentication: 'public' },
  { function: 'account', path: '/account', authentication: 'session' },
  { function: 'account', path: '/account/*', authentication: 'session' },
  { function: 'account', path: '/session', authentication: 'session' },
  { function: 'account', path: '/logout', authentication: 'session' },
  { function: 'account', path: '/admin', authentication: 'session' },
  { function: 'account', path: '/admin/*', authentication: 'session' },
  { function: 'account', path: '/oauth/backchannel-logout', authentication: 'provider' },
  { function: 'account', path: '/oauth/backchannel-logout/:name', authentication: 'provider' },
  { function: 'account', path: '/oauth/global-token-revocation', authentication: 'provider' },
  { function: 'maintenance', path: null, authentication: 'scheduled' },
  { function: 'usage', path: null, authentication: 'scheduled' },
]
