/**
 * What this authorization server supports. The metadata documents and the validation of requests both read it, so that
 * what is advertised and what is accepted cannot drift apart.
 */
export const capabilities = {
  responseTypes: ['code'],
  responseModes: ['query'],
  grantTypes: ['authorization_code', 'refresh_token'],
  codeChallengeMethods: ['S256'],
  tokenEndpointAuthMethods: ['none', 'client_secret_post', 'client_secret_basic', 'private_key_jwt'],
  // Never `none`, and nothing symmetric: with a public key as the secret anybody could sign (T-09).
  tokenEndpointAuthSigningAlgorithms: ['RS256', 'ES256'],
} as const

/**
 * The methods of client authentication by where a client comes from: each has a set of its own (T-10), since a secret in a
 * published document is none (M-08).
 */
export const authenticationMethodsFor = {
  registration: capabilities.tokenEndpointAuthMethods,
  'metadata-document': ['none', 'private_key_jwt'],
  configuration: capabilities.tokenEndpointAuthMethods,
} as const

/** What a token may be used for. The words for people are in `pages/`. */
export const scopes = ['docs:read', 'docs:feedback'] as const
export type Scope = (typeof scopes)[number]

/** What a person may leave out on the consent page, if anything else remains. */
export const optionalScopes: readonly Scope[] = ['docs:feedback']

/** Granted when a client asks for nothing we know: the least that answers a question. */
export const defaultScope: readonly Scope[] = ['docs:read']

/** In the authorization server's metadata only (D-11): clients ask for it to be given a refresh token. */
export const offlineAccess = 'offline_access'

/** Paths of every endpoint, relative to the issuer. `netlify/functions/oauth.ts` repeats them as literals; a test compares. */
export const paths = {
  authorizationServerMetadata: '/.well-known/oauth-authorization-server',
  protectedResourceMetadata: '/.well-known/oauth-protected-resource',
  protectedResourceMetadataOfMcp: '/.well-known/oauth-protected-resource/mcp',
  /** Of the same resource, whose address somebody wrote with a slash at its end (RFC 9728 §3.3). */
  protectedResourceMetadataOfMcpSlash: '/.well-known/oauth-protected-resource/mcp/',
  jwks: '/.well-known/jwks.json',
  register: '/oauth/register',
  authorize: '/oauth/authorize',
  approve: '/oauth/approve',
  confirm: '/oauth/confirm',
  callback: '/mcp/callback',
  token: '/oauth/token',
  revoke: '/oauth/revoke',
  introspect: '/oauth/introspect',
  mockAuthorize: '/oauth/mock-idp/authorize',
  mcp: '/mcp',
} as const

/** Where clients of 2025-03-26 look that read no metadata (D-24); the same endpoints, which the metadata names at `paths`. */
export const legacyPaths = {
  authorize: '/authorize',
  token: '/token',
  register: '/register',
} as const

/** Paths of what is said about the service itself; `netlify/functions/about.ts` repeats them as literals. */
export const aboutPaths = {
  front: '/',
  health: '/health',
  readiness: '/health/ready',
  serverCard: '/mcp/server-card',
  earlierServerCard: '/.well-known/mcp/server-card.json',
  catalog: '/.well-known/ai-catalog.json',
} as const

/** Every well-known document answers with a slash at its end as well (D-06): clients add one to what they were given. */
export const withSlash = (path: string) => `${path}/`

/** Probed by clients and not served (D-06): 404 as JSON, never the site's own page. */
export const absentPaths = [
  '/.well-known/oauth-authorization-server/mcp',
  '/.well-known/openid-configuration',
  '/.well-known/openid-configuration/mcp',
  '/mcp/.well-known/openid-configuration',
] as const

/** Lengths of life in seconds; `signIn` is the default of a setting. */
export const lifetimes = {
  code: 60,
  consent: 600,
  /** Until the person has signed in, unless the operator has set another time. */
  signIn: 600,
  confirmation: 300,
  /** After that, a sign-in is begun anew by a click, for this long. */
  transactionPage: 86_400,
  /** How long a browser knows that a sign-in is finished. */
  outcome: 600,
} as const
