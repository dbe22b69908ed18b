import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import type { Log } from '../log.ts'
import { StoreUnavailable } from '../store/store.ts'
import { type AccessToken, createBearerVerifier } from './bearer.ts'
import { authenticationRequired, insufficientScope, invalidRequest, invalidToken } from './challenge.ts'
import { allowedMethods, createOriginRule, preflightResponse, withCommonHeaders } from './cross-origin.ts'
import { createGrantCheck, type IsGrantLive } from './grant-check.ts'
import { createKapaClient, kapaUser } from './kapa.ts'
import { type CallLimits, countCall, setRateLimit, tooManyCalls } from './rate-limit.ts'
import { toolCallsIn } from './rate-limited-calls.ts'
import { readerRedirect } from './reader.ts'
import { registerAskQuestion } from './tools/ask-question.ts'
import type { PublicKeys } from './verification-keys.ts'

export interface McpEndpointOptions {
  readonly issuer: string
  /** The canonical resource identifier; `/mcp` and `/mcp/` are the same endpoint (S-25). */
  readonly resource: string
  readonly resourceMetadataUrl: string
  readonly documentationUrl: string
  /** False: requests without credentials pass, and are logged (F-000-16). Bad credentials never pass (B8-12). */
  readonly requireAuth: boolean
  readonly publicKeys: PublicKeys
  readonly isGrantLive: IsGrantLive
  readonly limits: CallLimits
  readonly tool: { readonly name: string; readonly title: string; readonly description: string }
  readonly kapa: {
    readonly url: string
    readonly apiKey: string
    readonly toolName: string
    /** How we introduce ourselves to Kapa. */
    readonly clientName: string
  }
  readonly serverInfo: {
    readonly name: string
    readonly version: string
    readonly title?: string
    readonly websiteUrl?: string
    /** For the model: what this server is good for. */
    readonly instructions?: string
  }
  /** More origins of browser clients (`https://host[:port]`), or `https://*`. See `createOriginRule`. */
  readonly allowedOrigins: readonly string[]
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly log: Log
  /** Milliseconds; tests use small ones. */
  readonly timings?: {
    readonly connectTimeout?: number
    readonly callTimeout?: number
    readonly totalTimeout?: number
  }
}

export interface McpCall {
  /** Fires when the caller has gone or the platform is about to end us; it must live as long as the answer's body. */
  readonly signal: AbortSignal
  readonly requestId: string
  /** Of the caller, as the platform tells it. */
  readonly address: string
}

export interface McpEndpoint {
  /** Never throws. */
  fetch(request: Request, call: McpCall): Promise<Response>
}

/** What it takes to use the endpoint at all. */
const requiredScope = 'docs:read'
const maximumBody = 1024 * 1024
/** Seconds after which a client may try again what failed by our fault. */
const retryAfter = 5

/** The MCP endpoint as an OAuth 2.1 protected resource, stateless, for MCP 2026-07-28 and the 2025 revisions. */
export function createMcpEndpoint(options: McpEndpointOptions): McpEndpoint {
  const { issuer, resource, requireAuth, publicKeys, limits, tool, serverInfo, log, now = Date.now } = options
  const { resourceMetadataUrl, documentationUrl } = options
  const protectedResource = { resourceMetadataUrl, documentationUrl, scope: requiredScope }
  const bearer = createBearerVerifier({ issuer, resource, publicKeys, now })
  const isLive = createGrantCheck({ isGrantLive: options.isGrantLive, now, log })
  const originAllowed = createOriginRule(issuer, options.allowedOrigins)
  const { clientName, ...upstream } = options.kapa
  const client = { name: clientName, version: serverInfo.version }
  const kapa = createKapaClient({ ...upstream, ...options.timings, client, log, now })

  /** The order is the security of it: nothing is told about the endpoint before the caller is known (X10, S-11). */
  async function answer(request: Request, call: McpCall): Promise<Response> {
    if (request.method === 'OPTIONS') return preflightResponse()
    const reader = readerRedirect(request, documentationUrl)
    if (reader) return reader
    if (!originAllowed(request.headers.get('origin'))) return refuse(call, 'origin', originRefused())
    const caller = await authenticate(request, call)
    if (caller instanceof Response) return caller
    const { token } = caller
    const mayRead = token === undefined || token.scope.includes(requiredScope)
    // A token that is too narrow, or known to be revoked, uses up nothing of what its person may do.
    let countable = mayRead
    const checkGrant = async () => {
      const live = token === undefined || (await isLive(token))
      if (!live) countable = false
      return live
    }
    // The body arrives, and is counted, while the store is asked about the grant; nothing is done with it before both.
    const [live, received] = await Promise.all([
      checkGrant(),
      request.method === 'POST' ? receive(request, call, token, () => countable) : undefined,
    ])
    if (!live) return refuseToken(call, 'revoked', 'The access token has been revoked')
    if (received === undefined) return methodNotAllowed()
    if (!mayRead) return refuse(call, 'scope', insufficientScope(protectedResource, requiredScope))
    if (received === 'too large') return jsonRpcError(413, -32000, 'The request is larger than 1 MB')
    if (received === 'too many calls') return jsonRpcError(400, -32600, 'One tools/call for each request')
    const { body, id, counted } = received
    const response = counted?.limited
      ? refuse(call, 'limit', tooManyCalls(counted, id))
      : await serve(new Request(request, { body }), call, token)
    if (counted) setRateLimit(response.headers, counted, now())
    return response
  }

  /** The body, counted if it calls a tool: only that costs more than the answer itself (B4, F-000-22). */
  async function receive(request: Request, call: McpCall, token: AccessToken | undefined, countable: () => boolean) {
    const body = await readBody(request)
    if (body === null) return 'too large'
    const [toolCall, ...more] = toolCallsIn(body)
    if (more.length > 0) return 'too many calls'
    const isCounted = toolCall !== undefined && countable()
    const counted = isCounted ? await countCall(limits, token, call.address, call.signal) : null
    return { body, id: toolCall?.id ?? null, counted }
  }

  /** For every method: clients probe with GET and read the challenge there, whatever else is odd about the request. */
  async function authenticate(request: Request, call: McpCall): Promise<{ token?: AccessToken } | Response> {
    const { requestId } = call
    const outcome = await bearer.verify(request, call.signal)
    switch (outcome.kind) {
      case 'valid':
        return { token: outcome.token }
      case 'anonymous':
        log('mcp_unauthenticated', { requestId, enforced: requireAuth, ua: userAgent(request) })
        return requireAuth ? authenticationRequired(protectedResource) : {}
      case 'malformed':
        log('mcp_token_refused', { requestId, reason: outcome.reason })
        return invalidRequest(protectedResource)
      case 'invalid':
        return refuseToken(call, outcome.reason, outcome.description)
    }
  }

  /** O-12: a page that should not be here, a client that has to step up, a caller who asks too much. */
  function refuse({ requestId }: McpCall, reason: 'origin' | 'scope' | 'limit', response: Response): Response {
    log('mcp_refused', { requestId, reason })
    return response
  }

  function refuseToken({ requestId }: McpCall, reason: string, description: string): Response {
    log('mcp_token_refused', { requestId, reason })
    return invalidToken(protectedResource, description)
  }

  /** One handler and one server per request: nothing of one caller is there for another to see (CVE-2026-25536, S-14). */
  async function serve(request: Request, call: McpCall, token: AccessToken | undefined): Promise<Response> {
    let fault: Error | undefined
    const handler = createMcpHandler(() => createServer(token), {
      maxRequestBodySize: maximumBody,
      // Nothing here ever changes while a client listens, and an idle stream would hold a function open (S-22).
      maxSubscriptions: 0,
      onerror: (error) => {
        fault = error
      },
    })
    const response = await handler.fetch(withMissingHeaders(request, call.signal))
    if (response.status >= 500) log('mcp_failed', { requestId: call.requestId, error: fault?.name })
    return response
  }

  function createServer(token: AccessToken | undefined): McpServer {
    const { instructions, ...info } = serverInfo
    const server = new McpServer(info, {
      capabilities: { tools: { listChanged: false } },
      ...(instructions !== undefined && { instructions }),
    })
    registerAskQuestion(server, { ...tool, kapa, user: kapaUser(token) })
    return server
  }

  return {
    async fetch(request, call) {
      const response = await answer(request, call).catch((error: unknown) => {
        log('mcp_failed', { requestId: call.requestId, error: error instanceof Error ? error.name : typeof error })
        return error instanceof StoreUnavailable ? temporarilyUnavailable() : internalError()
      })
      return withCommonHeaders(request, response)
    },
  }
}

/** The body, as bytes so that no content type is made up for it; `null` when it is too large. */
async function readBody(request: Request): Promise<Buffer<ArrayBuffer> | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > maximumBody) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Hand-written clients leave these out, and curl accepts anything: both mean the only thing that works (B3-6). */
function withMissingHeaders(request: Request, signal: AbortSignal): Request {
  const headers = new Headers(request.headers)
  const accept = headers.get('accept')
  if (accept === null || accept === '*/*') headers.set('accept', 'application/json, text/event-stream')
  if (!headers.has('content-type')) headers.set('content-type', 'application/json')
  return new Request(request, { headers, signal: AbortSignal.any([signal, request.signal]) })
}

function userAgent(request: Request): string | undefined {
  return request.headers.get('user-agent')?.slice(0, 120)
}

function methodNotAllowed(): Response {
  return jsonRpcError(405, -32000, 'Method not allowed', { Allow: allowedMethods })
}

function originRefused(): Response {
  return jsonRpcError(403, -32000, 'Forbidden: this origin may not use the server')
}

function internalError(): Response {
  return jsonRpcError(500, -32603, 'Internal error')
}

function jsonRpcError(status: number, code: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ jsonrpc: '2.0', id: null, error: { code, message } }, { status, headers })
}

/** Our own fault, said so: a 401 would make the client throw away good credentials (peers 1d). */
function temporarilyUnavailable(): Response {
  return Response.json(
    { error: 'temporarily_unavailable', message: 'The token cannot be verified right now. Try again in a moment.' },
    { status: 503, headers: { 'Retry-After': String(retryAfter) } },
  )
}
