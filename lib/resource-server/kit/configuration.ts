import type { AuthorizationServerOptions, IntrospectionOptions, ResourceServerOptions, Validation } from './options.ts'
import { ConfigurationProblem } from './problems.ts'
import { isSecureUrl } from './remote.ts'

/** The options of one authorization server, with all defaults, after every check. */
export interface TrustedServer {
  readonly issuer: string
  /** The values of `iss` in its tokens. */
  readonly issuers: readonly string[]
  readonly validation: Validation
  readonly introspection: IntrospectionOptions | undefined
}

/** Bytes (RFC 7518 §3.2). */
const shortestSecret = 32
const longestClockTolerance = 120
const longestIntrospectionTtl = 300_000
/** RFC 6749 §3.3. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Throws `ConfigurationProblem` unless the condition holds. */
function must(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new ConfigurationProblem(problem)
}

/** Checks the options, and returns the authorization servers. Throws `ConfigurationProblem`, which says what to change. */
export function trustedServersOf(options: ResourceServerOptions): readonly TrustedServer[] {
  const { resource, clockTolerance = 0, documentationUrl } = options
  must(
    isSecureUrl(resource),
    `resource: ${resource} is not a URL with https (or http on this machine) without a fragment`,
  )
  must(!resource.includes('?'), `resource: ${resource} has a query`)
  must(isWithin(clockTolerance, longestClockTolerance), 'clockTolerance: between 0 and 120 seconds')
  must(documentationUrl === undefined || isSecureUrl(documentationUrl), 'documentationUrl: not a URL with https')
  checkScopes(options)
  const servers = options.authorizationServers.map((server) => trustedServer(server, options))
  must(servers.length > 0, 'authorizationServers: name at least one')
  const issuers = servers.flatMap((server) => server.issuers)
  const twice = issuers.find((issuer, index) => issuers.indexOf(issuer) !== index)
  must(twice === undefined, `authorizationServers: two of them have tokens of the issuer ${twice}`)
  // An opaque token does not say who issued it. The token of one server must not be shown to another.
  const asked = servers.filter(({ validation }) => validation.type === 'introspection')
  must(asked.length <= 1, 'authorizationServers: at most one of them may use introspection')
  return servers
}

function checkScopes({ scopes = {} }: ResourceServerOptions): void {
  const { required = [], signIn = [], supported = [], tools = {}, requestPrefix = '' } = scopes
  for (const [name, list] of Object.entries({ required, signIn, supported })) {
    must(Array.isArray(list), `scopes.${name} must be a list`)
  }
  must(Object.values(tools).every(Array.isArray), 'scopes.tools must have a list for each tool')
  const all = [...required, ...signIn, ...supported, ...Object.values(tools).flat()]
  const wrong = all.find((scope) => !scopeToken.test(scope))
  must(wrong === undefined, `scopes: "${wrong}" is not a scope`)
  must(requestPrefix === '' || scopeToken.test(requestPrefix), 'scopes.requestPrefix: has characters that no scope has')
}

function trustedServer(given: string | AuthorizationServerOptions, options: ResourceServerOptions): TrustedServer {
  const server: AuthorizationServerOptions = typeof given === 'string' ? { issuer: given } : given
  const { issuer } = server
  const validation: Validation = server.validation ?? options.validation ?? { type: 'jwt' }
  const introspection = server.introspection ?? options.introspection
  must(
    isSecureUrl(issuer) && !issuer.includes('?'),
    `authorizationServers: ${issuer} is not a URL with https and without a query`,
  )
  if (validation.type === 'jwt') checkKeys(issuer, validation)
  else checkIntrospection(issuer, introspection)
  const issuers = listOf(validation.issuer ?? issuer)
  for (const [name, list] of [
    ['issuer', issuers],
    ['audience', listOf(validation.audience ?? options.resource)],
  ] as const) {
    must(list.length > 0 && list.every((text) => text !== ''), `${issuer}: validation.${name} must not be empty`)
  }
  const { withoutAudience, otherAudiences = [], scopeClaims = [] } = validation
  // A text would be searched for parts of itself.
  for (const [name, list] of Object.entries({ otherAudiences, scopeClaims })) {
    must(Array.isArray(list), `${issuer}: validation.${name} must be a list`)
  }
  must(
    withoutAudience === undefined || (Array.isArray(withoutAudience.clientIds) && withoutAudience.clientIds.length > 0),
    `${issuer}: withoutAudience needs clientIds`,
  )
  return { issuer, issuers, validation, introspection }
}

function checkKeys(issuer: string, validation: Validation & { readonly type: 'jwt' }): void {
  const { secret, jwksUri, algorithms, cacheMaxAge = 0, cacheMaxStale = 0 } = validation
  for (const [name, value] of Object.entries({ cacheMaxAge, cacheMaxStale })) {
    must(isWithin(value, Number.MAX_SAFE_INTEGER), `${issuer}: ${name} must be a number of milliseconds`)
  }
  must(jwksUri === undefined || isSecureUrl(jwksUri), `${issuer}: jwksUri must be a URL with https`)
  must(algorithms === undefined || algorithms.length > 0, `${issuer}: algorithms must not be empty`)
  if (secret === undefined) {
    // With a published key as its secret, everybody could sign.
    must(!algorithms?.includes('HS256'), `${issuer}: HS256 needs a secret`)
    return
  }
  must(Buffer.byteLength(secret) >= shortestSecret, `${issuer}: the secret must have at least 32 bytes`)
  must(jwksUri === undefined, `${issuer}: a secret and published keys exclude each other`)
  must(
    algorithms === undefined || algorithms.every((name) => name === 'HS256'),
    `${issuer}: a secret is for HS256 only`,
  )
}

function checkIntrospection(issuer: string, introspection: IntrospectionOptions | undefined): void {
  must(introspection !== undefined, `${issuer}: introspection needs clientId and clientSecret`)
  const { endpoint, clientId, clientSecret, cacheTtl = 0 } = introspection
  must(
    endpoint === undefined || isSecureUrl(endpoint),
    `${issuer}: the introspection endpoint must be a URL with https`,
  )
  must(isText(clientId) && isText(clientSecret), `${issuer}: introspection needs clientId and clientSecret`)
  must(isWithin(cacheTtl, longestIntrospectionTtl), `${issuer}: cacheTtl is between 0 and 300,000 milliseconds`)
}

// JavaScript lets texts through where numbers are meant: `1 + '5'` is a time far away.
const isWithin = (value: unknown, most: number) => typeof value === 'number' && value >= 0 && value <= most
const isText = (value: unknown) => typeof value === 'string' && value !== ''

export const listOf = (value: string | readonly string[]): readonly string[] =>
  typeof value === 'string' ? [value] : value
