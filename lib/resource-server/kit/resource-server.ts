import { defined } from '../../base/defined.ts'
import { jsonResponse, toJson } from '../../base/well-formed.ts'
import { parseAuthorization } from '../authorization-header.ts'
import { authenticationRequired, insufficientScope, invalidRequest, invalidToken } from '../challenge.ts'
import { preflightResponse } from '../cors.ts'
import { Refused } from '../jwt.ts'
import { maximumTokenLength } from '../verified-tokens.ts'
import { type AccessToken, Expired } from './access-token.ts'
import type { ResourceServerOptions } from './options.ts'
import { AuthorizationServerUnavailable } from './problems.ts'
import type { AuthorizationServerReport } from './report.ts'
import { toolCallsIn } from './tool-calls.ts'
import { createTrust } from './trust.ts'

/** Who sends a request, in the form of `AuthInfo` of the MCP SDK. */
export interface AuthInfo {
  readonly token: string
  /** Empty where the authorization server does not say which client it is. */
  readonly clientId: string
  readonly scopes: string[]
  /** Seconds since the epoch. */
  readonly expiresAt: number
  readonly resource: URL
  readonly extra: {
    readonly issuer: string
    readonly subject: string | undefined
    readonly claims: Readonly<Record<string, unknown>>
  }
}

export type Outcome =
  | { readonly kind: 'authenticated'; readonly auth: AuthInfo }
  /** The request is answered by this, and does not reach the MCP server. */
  | { readonly kind: 'refused'; readonly response: Response }

/** The document of RFC 9728 §2. */
export interface ProtectedResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly bearer_methods_supported: readonly ['header']
  readonly scopes_supported?: readonly string[]
  readonly resource_name?: string
  readonly resource_documentation?: string
}

export interface ResourceServer {
  readonly metadata: ProtectedResourceMetadata
  /** Where `metadata` is. Challenges name it. */
  readonly metadataUrl: string
  /** Answers a request for the metadata, and a preflight of one; `null` for every other path. */
  metadataResponse(method: string, path: string): Response | null
  /** Decides who sends a request, by its `Authorization` header. A token anywhere else does not count. */
  authenticate(authorization: string | null): Promise<Outcome>
  /** Whether `authorize` needs the body of requests. */
  readonly readsBodies: boolean
  /** Refuses a request whose tool calls need more scopes than its token has. `body` is parsed JSON. */
  authorize(auth: AuthInfo, body: unknown): Response | null
  /** The answer to a CORS preflight of the MCP endpoint. */
  preflight(): Response
  /** The headers that every answer needs, so that a client in a browser can read it. */
  readonly corsHeaders: Readonly<Record<string, string>>
  /**
   * Checks the metadata of all authorization servers, which a server does when it starts. Throws `ConfigurationProblem` for what
   * the operator must change. A server that does not answer is in the report.
   */
  ready(): Promise<readonly AuthorizationServerReport[]>
}

const wellKnown = '/.well-known/oauth-protected-resource'
const methods = 'GET, POST, DELETE, OPTIONS'

/**
 * Makes an OAuth 2.1 resource server (RFC 9728) for an MCP server: any authorization server issues the tokens. Throws
 * `ConfigurationProblem` for wrong options.
 */
export function createResourceServer(options: ResourceServerOptions): ResourceServer {
  const { resource, scopes = {}, resourceName, documentationUrl, onEvent = () => undefined } = options
  const { required = [], tools, signIn = required, supported = required, requestPrefix = '' } = scopes
  const trust = createTrust(options)
  const { origin, pathname } = new URL(resource)
  const path = pathname === '/' ? '' : pathname
  const metadataUrl = `${origin}${wellKnown}${path}`
  const asked = (names: readonly string[]) => names.map((name) => `${requestPrefix}${name}`)
  const metadata: ProtectedResourceMetadata = defined({
    resource,
    authorization_servers: trust.issuers,
    bearer_methods_supported: ['header'] as const,
    scopes_supported: supported.length > 0 ? asked(supported) : undefined,
    resource_name: resourceName,
    resource_documentation: documentationUrl,
  })
  const resourceUrl = new URL(resource)
  const toSignIn = challengeOf(signIn)

  function challengeOf(names: readonly string[], toolCall?: { readonly id: string | number | null }) {
    const said = { resourceMetadataUrl: metadataUrl, scopes: asked(names), toolCall }
    return { ...said, ...(documentationUrl !== undefined && { documentationUrl }) }
  }

  function refused(reason: string, response: Response): Outcome {
    onEvent({ kind: 'refused', status: response.status, reason })
    return { kind: 'refused', response }
  }

  async function verify(text: string): Promise<Outcome> {
    try {
      if (text.length > maximumTokenLength) throw new Refused('too long')
      const token = await trust.verify(text)
      const missing = required.filter((scope) => !token.scopes.includes(scope))
      if (missing.length > 0) return refused('scope', insufficientScope(challengeOf(required)))
      return { kind: 'authenticated', auth: authInfo(text, token) }
    } catch (error) {
      if (error instanceof AuthorizationServerUnavailable) {
        onEvent({ kind: 'unavailable', issuer: error.issuer, reason: error.message })
        return { kind: 'refused', response: unavailableResponse() }
      }
      if (!(error instanceof Refused)) throw error
      // The client learns only whether the token has expired. More would help only a forger.
      const description = error instanceof Expired ? 'The access token has expired' : 'The access token is invalid'
      return refused(error.message, invalidToken(toSignIn, description))
    }
  }

  const authInfo = (token: string, { issuer, subject, clientId, expiresAt, claims, ...of }: AccessToken): AuthInfo => ({
    token,
    clientId: clientId ?? '',
    scopes: [...of.scopes],
    expiresAt,
    resource: resourceUrl,
    extra: { issuer, subject, claims },
  })

  return {
    metadata,
    metadataUrl,
    metadataResponse(method, requested) {
      // Clients of earlier revisions look at the root only (D-18).
      if (requested !== `${wellKnown}${path}` && requested !== wellKnown) return null
      if (method === 'OPTIONS') return preflightResponse('GET, OPTIONS')
      if (method !== 'GET' && method !== 'HEAD')
        return new Response(null, { status: 405, headers: { Allow: 'GET, OPTIONS' } })
      return jsonResponse(metadata, { headers: { 'Cache-Control': 'public, max-age=300' } })
    },
    async authenticate(authorization) {
      const credentials = parseAuthorization(authorization)
      switch (credentials.kind) {
        case 'none':
          return refused('no token', authenticationRequired(toSignIn))
        case 'several':
          return refused(credentials.reason, invalidRequest(toSignIn))
        case 'no token':
          return refused('not a token', invalidToken(toSignIn, 'The access token is invalid'))
        case 'dpop':
          return refused('scheme', invalidToken(toSignIn, 'Send the access token as a Bearer token'))
        case 'bearer':
          return verify(credentials.token)
      }
    },
    readsBodies: tools !== undefined,
    authorize(auth, body) {
      const calls = toolCallsIn(body)
      const needed = calls.flatMap(({ tool }) => (tools && Object.hasOwn(tools, tool) ? (tools[tool] ?? []) : []))
      if (needed.every((scope) => auth.scopes.includes(scope))) return null
      const response = insufficientScope(challengeOf([...new Set([...required, ...needed])], calls[0]))
      onEvent({ kind: 'refused', status: response.status, reason: 'scope' })
      return response
    },
    preflight: () => preflightResponse(methods),
    corsHeaders,
    ready: trust.ready,
  }
}

/** `*` is safe: a browser does not send a bearer token on its own, so a web page gains nothing by asking. */
const corsHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'WWW-Authenticate, Retry-After, Mcp-Session-Id, MCP-Protocol-Version',
} as const

/** Our side has the fault: a client that gets 401 would throw its good token away. */
function unavailableResponse(): Response {
  const message = 'The authorization server did not answer. Try again soon.'
  return jsonResponse({ error: 'temporarily_unavailable', message }, { status: 503, headers: { 'Retry-After': '5' } })
}

/**
 * Names the user and the client of a request, for example to keep it with a session: the server must refuse a request that uses the
 * session of another caller (MCP, Session Hijacking). A refreshed token has the same name.
 */
export const callerOf = ({ clientId, extra: { issuer, subject } }: AuthInfo): string =>
  toJson([issuer, subject ?? null, clientId])
