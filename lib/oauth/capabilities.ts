import { proofAlgorithms } from '../dpop/algorithms.ts'

/**
 * What this authorization server supports. The metadata documents and the validation of requests both read it, so that the server
 * advertises exactly what it accepts.
 */
export const capabilities = {
  responseTypes: ['code'],
  responseModes: ['query'],
  grantTypes: ['authorization_code', 'refresh_token'],
  codeChallengeMethods: ['S256'],
  tokenEndpointAuthMethods: ['none', 'client_secret_post', 'client_secret_basic', 'private_key_jwt'],
  // Never `none` and never a symmetric algorithm: an attacker could sign with a public key as the secret (T-09).
  tokenEndpointAuthSigningAlgorithms: ['RS256', 'ES256'],
  dpopSigningAlgorithms: proofAlgorithms,
} as const

/**
 * The client authentication methods for each source of clients (T-10). A published document allows no secret, because it would be
 * public (M-08).
 */
export const authenticationMethodsFor = {
  registration: capabilities.tokenEndpointAuthMethods,
  'metadata-document': ['none', 'private_key_jwt'],
  configuration: capabilities.tokenEndpointAuthMethods,
} as const

/** Only in the authorization server metadata (D-11). Clients ask for it to get a refresh token. */
export const offlineAccess = 'offline_access'

/** The paths of all endpoints, relative to the issuer. `netlify/functions/oauth.ts` repeats them as literals, and a test compares. */
export const paths = {
  authorizationServerMetadata: '/.well-known/oauth-authorization-server',
  protectedResourceMetadata: '/.well-known/oauth-protected-resource',
  jwks: '/.well-known/jwks.json',
  register: '/oauth/register',
  authorize: '/oauth/authorize',
  approve: '/oauth/approve',
  confirm: '/oauth/confirm',
  callback: '/mcp/callback',
  token: '/oauth/token',
  par: '/oauth/par',
  revoke: '/oauth/revoke',
  introspect: '/oauth/introspect',
  mockAuthorize: '/oauth/mock-idp/authorize',
} as const

/** Stands for a key of the client that is not known yet: a token request must have a DPoP proof, of whichever key. */
export const anyKey = '*'

/** How a request_uri of ours begins (RFC 9126 §2.2). */
export const pushedPrefix = 'urn:ietf:params:oauth:request_uri:'

/** Where clients of MCP 2025-03-26 look if they read no metadata (D-24). They are the same endpoints as in `paths`. */
export const legacyPaths = {
  authorize: '/authorize',
  token: '/token',
  register: '/register',
} as const

/** Signs a browser in to the pages of this service. `netlify/functions/oauth.ts` repeats it as a literal. */
export const loginPath = '/login'

/** The paths of a signed-in person. `netlify/functions/account.ts` repeats them as literals. */
export const accountPaths = {
  account: '/account',
  session: '/session',
  logout: '/logout',
  admin: '/admin',
} as const

/** Where the OpenID Provider says that a person has signed out. `netlify/functions/account.ts` repeats it as a literal. */
export const backChannelLogoutPath = '/oauth/backchannel-logout'

/** Where services end people. `netlify/functions/account.ts` repeats it as a literal. */
export const globalRevocationPath = '/oauth/global-token-revocation'

/** The paths of pages and documents about the service. `netlify/functions/about.ts` repeats them as literals. */
export const aboutPaths = {
  front: '/',
  health: '/health',
  readiness: '/health/ready',
  serverCard: '/mcp/server-card',
  earlierServerCard: '/.well-known/mcp/server-card.json',
  catalog: '/.well-known/ai-catalog.json',
} as const

/** Adds a slash. Every well-known document is also served at its path with a slash, because some clients add one (D-06). */
export const withSlash = (path: string) => `${path}/`

/**
 * Returns the paths that clients of a resource probe and that are not served (D-06): they answer 404 as JSON, never with the site's own
 * page.
 *
 * @param path of the resource, without a slash at its end. Absent: the resource is at another origin.
 */
export const absentPaths = (path?: string): readonly string[] => [
  openIdConfiguration,
  ...(path ? [paths.authorizationServerMetadata + path, openIdConfiguration + path, path + openIdConfiguration] : []),
]

const openIdConfiguration = '/.well-known/openid-configuration'

/** Lifetimes in seconds of everything except tokens and grants, whose lifetimes are in `FlowOptions`. */
export const lifetimes = {
  code: 60,
  consent: 600,
  /** How long the user has for the sign-in after approval, unless the operator sets another time. */
  signIn: 600,
  confirmation: 300,
  /** How long after approval a late sign-in can be started again with a click. */
  transactionPage: 86_400,
  /** How long a browser remembers a finished sign-in. */
  outcome: 600,
} as const
