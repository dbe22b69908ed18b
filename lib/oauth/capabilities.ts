/**
 * What this authorization server supports. The metadata documents and the validation of requests both read it, so that
 * what is advertised and what is accepted cannot drift apart.
 */
export const capabilities = {
  responseTypes: ['code'],
  responseModes: ['query'],
  grantTypes: ['authorization_code', 'refresh_token'],
  codeChallengeMethods: ['S256'],
  tokenEndpointAuthMethods: ['none'],
} as const

/** What a token may be used for. The words for people are in `pages/`. */
export const scopes = ['docs:read', 'docs:feedback'] as const
export type Scope = (typeof scopes)[number]

/** Granted when a client asks for nothing we know: the least that answers a question. */
export const defaultScope: readonly Scope[] = ['docs:read']

/** In the authorization server's metadata only (D-11): clients ask for it to be given a refresh token. */
export const offlineAccess = 'offline_access'

/** Paths of every endpoint, relative to the issuer. `netlify/functions/oauth.ts` repeats them as literals; a test compares. */
export const paths = {
  authorizationServerMetadata: '/.well-known/oauth-authorization-server',
  protectedResourceMetadata: '/.well-known/oauth-protected-resource',
  protectedResourceMetadataOfMcp: '/.well-known/oauth-protected-resource/mcp',
  jwks: '/.well-known/jwks.json',
  register: '/oauth/register',
  authorize: '/oauth/authorize',
  approve: '/oauth/approve',
  confirm: '/oauth/confirm',
  callback: '/mcp/callback',
  token: '/oauth/token',
  mockAuthorize: '/oauth/mock-idp/authorize',
  mcp: '/mcp',
} as const

/** Probed by clients and not served (D-06, X12): 404 as JSON, never the site's own page. */
export const absentPaths = [
  '/.well-known/oauth-authorization-server/mcp',
  '/.well-known/openid-configuration',
  '/.well-known/openid-configuration/mcp',
  '/mcp/.well-known/openid-configuration',
] as const

/** Lengths of life in seconds that are not configured. */
export const lifetimes = {
  code: 60,
  consent: 600,
  transaction: 600,
  confirmation: 300,
} as const
