import { decodeBase64url } from '../../base/base64url.ts'
import { isObject, jsonOf } from '../../base/json.ts'
import { Refused } from '../jwt.ts'
import type { AccessToken, ReadingRules } from './access-token.ts'
import { type TrustedServer, trustedServersOf } from './configuration.ts'
import { createIntrospector } from './introspector.ts'
import { createJwtValidator, type VerifyToken } from './jwt-validator.ts'
import { createDiscovery, type ServerMetadata } from './metadata.ts'
import type { ResourceServerOptions } from './options.ts'
import { AuthorizationServerUnavailable, ConfigurationProblem } from './problems.ts'
import type { AuthorizationServerReport } from './report.ts'

/** An authorization server, and how its tokens are verified. */
interface Trusted extends TrustedServer {
  readonly verify: VerifyToken
  readonly discover: () => Promise<ServerMetadata>
}

/** Makes what decides whether a token is good, and from which authorization server. Throws `ConfigurationProblem`. */
export function createTrust(options: ResourceServerOptions) {
  const { fetch = (url: string, init: RequestInit) => globalThis.fetch(url, init), now = Date.now } = options
  const servers = trustedServersOf(options).map((server): Trusted => {
    const discover = createDiscovery(server.issuer, fetch, now)
    return { ...server, discover, verify: verifierOf(server, discover) }
  })
  const byIssuer = new Map(servers.flatMap((server) => server.issuers.map((issuer) => [issuer, server] as const)))
  const introspecting = servers.find(({ validation }) => validation.type === 'introspection')

  function verifierOf(server: TrustedServer, discover: () => Promise<ServerMetadata>): VerifyToken {
    const { issuer, issuers, validation, introspection } = server
    const { resource, clockTolerance = 5 } = options
    const reading: ReadingRules = { issuer, issuers, resource, rules: validation, clockTolerance }
    const unavailable = (reason: string) => new AuthorizationServerUnavailable(issuer, reason)
    const common = { reading, fetch, now, unavailable }
    const addressIn = async (name: 'jwksUri' | 'introspectionEndpoint') => {
      const address = (await discover())[name]
      if (address === undefined) throw new ConfigurationProblem(`The metadata of ${issuer} have no ${wireNames[name]}`)
      return address
    }
    if (validation.type === 'jwt') {
      const jwksUri = async () => validation.jwksUri ?? addressIn('jwksUri')
      const onFailure = (reason: string) => options.onEvent?.({ kind: 'unavailable', issuer, reason })
      return createJwtValidator({ ...common, validation, jwksUri, onFailure })
    }
    if (introspection === undefined) throw new TypeError('unchecked options')
    const endpoint = async () => introspection.endpoint ?? addressIn('introspectionEndpoint')
    return createIntrospector({ ...common, introspection, endpoint })
  }

  /** The server that has issued a token, as the token says. It is not verified, and decides only who verifies. */
  function issuerOf(token: string): Trusted {
    const said = issuerSaidBy(token)
    const server = said === undefined ? introspecting : byIssuer.get(said)
    // An unknown issuer is refused here: its token must not be shown to another server.
    if (server === undefined) throw new Refused(said === undefined ? 'not a JWT' : 'unknown issuer')
    return server
  }

  return {
    issuers: servers.map(({ issuer }) => issuer),
    /** Throws `Refused`, and `AuthorizationServerUnavailable` when that cannot be known now. */
    async verify(token: string): Promise<AccessToken> {
      const server = issuerOf(token)
      try {
        return await server.verify(token)
      } catch (error) {
        if (error instanceof ConfigurationProblem)
          throw new AuthorizationServerUnavailable(server.issuer, error.message)
        throw error
      }
    },
    /** Checks the metadata of all authorization servers. Throws `ConfigurationProblem`, which says what to change. */
    ready: () => Promise.all(servers.map(report)),
  }
}

const wireNames = { jwksUri: 'jwks_uri', introspectionEndpoint: 'introspection_endpoint' } as const

/** The `iss` claim of a token that has the form of a JWT; `undefined` for every other token. */
function issuerSaidBy(token: string): string | undefined {
  const parts = token.split('.', 4)
  if (parts.length !== 3) return undefined
  const [header, claims] = parts.map((part) => jsonOf(decodeBase64url(part)?.toString('utf8') ?? ''))
  if (!isObject(header) || !isObject(claims)) return undefined
  return typeof claims.iss === 'string' ? claims.iss : undefined
}

async function report({ issuer, validation, introspection, discover }: Trusted): Promise<AuthorizationServerReport> {
  try {
    const { jwksUri, introspectionEndpoint, registration, saysPkce } = await discover()
    if (validation.type === 'jwt' && validation.secret === undefined && (validation.jwksUri ?? jwksUri) === undefined) {
      throw new ConfigurationProblem(
        `The metadata of ${issuer} have no jwks_uri: set validation.jwksUri, or use introspection`,
      )
    }
    if (validation.type === 'introspection' && (introspection?.endpoint ?? introspectionEndpoint) === undefined) {
      throw new ConfigurationProblem(
        `The metadata of ${issuer} have no introspection_endpoint: set introspection.endpoint`,
      )
    }
    const warnings = [
      ...(saysPkce
        ? []
        : ['Its metadata do not say that it supports PKCE with S256. MCP clients must not use it then.']),
      ...(registration.length > 0
        ? []
        : ['It registers no clients by itself: each client needs a client ID that you make there.']),
    ]
    return { issuer, state: 'ready', registration, warnings }
  } catch (error) {
    if (!(error instanceof AuthorizationServerUnavailable)) throw error
    return { issuer, state: 'unreachable', registration: [], warnings: [error.message] }
  }
}
