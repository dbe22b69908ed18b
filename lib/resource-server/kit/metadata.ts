import { toJson } from '../../base/well-formed.ts'
import type { Members } from '../jwt.ts'
import type { Fetch } from './options.ts'
import { AuthorizationServerUnavailable, ConfigurationProblem } from './problems.ts'
import { isSecureUrl, requestJson } from './remote.ts'

/** What the metadata of an authorization server say (RFC 8414, OpenID Connect Discovery), after every check. */
export interface ServerMetadata {
  readonly url: string
  readonly jwksUri: string | undefined
  readonly introspectionEndpoint: string | undefined
  /** How a client without a registration gets one. */
  readonly registration: readonly ('dynamic' | 'metadata documents')[]
  /** Whether it says that it supports PKCE with S256. MCP clients must stop where it does not. */
  readonly saysPkce: boolean
  /** Whether it says that it sends `iss` with its answers (RFC 9207). */
  readonly sendsIss: boolean
}

/** The addresses of the metadata of an issuer, in the order in which MCP clients try them (RFC 8414 §3.1, §5). */
export function metadataUrlsOf(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const [oauth, openid] = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']
  const inserted = [`${origin}${oauth}${path}`, `${origin}${openid}${path}`]
  return path === '' ? inserted : [...inserted, `${origin}${path}${openid}`]
}

/**
 * Finds and checks the metadata of an issuer. Throws `ConfigurationProblem` if the server answers and is not what an MCP client needs, and
 * `AuthorizationServerUnavailable` if it does not answer.
 */
export async function discover(issuer: string, fetch: Fetch): Promise<ServerMetadata> {
  let failure: string | undefined
  for (const url of metadataUrlsOf(issuer)) {
    const answer = await requestJson(fetch, url)
    if (answer.kind === 'json') return checked(issuer, url, answer.body)
    if (answer.kind === 'failed') failure = `${url}: ${answer.reason}`
    else if (answer.status >= 500 || answer.status === 429) failure = `${url}: it answered ${answer.status}`
  }
  if (failure !== undefined) throw new AuthorizationServerUnavailable(issuer, failure)
  const tried = metadataUrlsOf(issuer).join(', ')
  throw new ConfigurationProblem(`${issuer} has no metadata: there is nothing at ${tried}`)
}

function checked(issuer: string, url: string, metadata: Members): ServerMetadata {
  const problem = (what: string) => new ConfigurationProblem(`The metadata at ${url} ${what}`)
  if (metadata.issuer !== issuer) {
    // RFC 8414 §3.3: the comparison is byte for byte, and clients make it too.
    throw problem(`say that the issuer is ${toJson(metadata.issuer ?? null)}, and not ${toJson(issuer)}`)
  }
  for (const name of ['authorization_endpoint', 'token_endpoint']) {
    if (!isSecureUrl(metadata[name])) throw problem(`have no ${name} with https`)
  }
  for (const name of ['jwks_uri', 'introspection_endpoint', 'registration_endpoint']) {
    if (metadata[name] !== undefined && !isSecureUrl(metadata[name])) throw problem(`have a ${name} without https`)
  }
  const methods = metadata.code_challenge_methods_supported
  const saysPkce = Array.isArray(methods) && methods.includes('S256')
  if (methods !== undefined && !saysPkce) throw problem('do not list S256 among the code challenge methods (PKCE)')
  return {
    url,
    jwksUri: textOf(metadata.jwks_uri),
    introspectionEndpoint: textOf(metadata.introspection_endpoint),
    registration: [
      ...(metadata.registration_endpoint === undefined ? [] : ['dynamic' as const]),
      ...(metadata.client_id_metadata_document_supported === true ? ['metadata documents' as const] : []),
    ],
    saysPkce,
    sendsIss: metadata.authorization_response_iss_parameter_supported === true,
  }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** Finds the metadata when it is first needed, and again after a failure, at most every 30 seconds. */
export function createDiscovery(issuer: string, fetch: Fetch, now: () => number): () => Promise<ServerMetadata> {
  let found: Promise<ServerMetadata> | undefined
  let failedAt = Number.NEGATIVE_INFINITY
  return () => {
    if (found === undefined || now() - failedAt >= retryAfter) {
      failedAt = Number.POSITIVE_INFINITY
      found = discover(issuer, fetch)
      found.catch(() => {
        failedAt = now()
      })
    }
    return found
  }
}

/** Milliseconds. */
const retryAfter = 30_000
