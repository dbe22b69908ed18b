import { readBody } from '../base/body.ts'
import type { Call } from '../base/call.ts'
import type { Log } from '../base/log.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { type AccessToken, createBearerVerifier } from '../resource-server/bearer.ts'
import {
  authenticationRequired,
  insufficientScope,
  invalidRequest,
  invalidToken,
  type ProtectedResource,
} from '../resource-server/challenge.ts'
import { createGrantCheck, type ReadGrantStatus } from '../resource-server/grant-check.ts'
import type { PublicKeys } from '../resource-server/verification-keys.ts'
import { allowedMethods, createOriginRule, preflightResponse, withCommonHeaders } from '../resource-server/web-pages.ts'
import { StoreUnavailable } from '../store/store.ts'
import { type AnswerForm, acceptedForm, eventStreamType, jsonType } from './accept.ts'
import { readMessages } from './messages.ts'
import { createAccessRules, type Needs } from './needs.ts'
import { type CallLimits, type CountedCall, countCall, setRateLimit, tooManyCalls } from './rate-limit-headers.ts'
import { readerRedirect } from './reader.ts'
import { createMcpServer, type ServerInfo } from './server.ts'
import { callerInLog, type Tool } from './tools/tool.ts'
import { workEmailRequired } from './work-email-required.ts'

export interface McpEndpointOptions {
  readonly issuer: string
  /** The canonical resource identifier; `/mcp` and `/mcp/` are the same endpoint (S-25). */
  readonly resource: string
  /** Of `resource`; that of `/mcp/` ends in a slash too. */
  readonly resourceMetadataUrl: string
  readonly documentationUrl: string
  /** False: requests without credentials pass, and are logged (F-000-16). Bad credentials never pass (B8-12). */
  readonly requireAuth: boolean
  readonly publicKeys: PublicKeys
  readonly grantStatus: ReadGrantStatus
  readonly limits: CallLimits
  /** In the order in which they are listed. */
  readonly tools: readonly Tool[]
  /** Where everybody has to sign in: clients connect and list without a token, and are asked when a tool needs it (S-20). */
  readonly lazyAuth: boolean
  /** What a client is told to ask for when somebody signs in, beside what its request needs. */
  readonly signInScopes: readonly string[]
  /** Who has signed in with an address at a free or throw-away mail provider is refused (F-000-21). */
  readonly requireWorkEmail: boolean
  readonly serverInfo: ServerInfo
  /** More origins of browser clients, in lower case, or `https://*`. See `createOriginRule`. */
  readonly allowedOrigins: readonly string[]
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly log: Log
}

/** `signal` fires when the platform is about to end us; it must live as long as the answer's body. */
export type McpCall = Required<Pick<Call, 'signal' | 'requestId' | 'address'>>

export interface McpEndpoint {
  /** Never throws. */
  fetch(request: Request, call: McpCall): Promise<Response>
}

/** What it takes to use the endpoint at all. */
const requiredScope = 'docs:read'
/** Bytes, of everybody: reading costs us more than sending costs them. The longest that a tool takes, ten addresses, fits. */
const maximumBody = 64 * 1024
/** Messages in a batch, each of which is answered at length. */
const maximumBatch = 10
/** Seconds after which a client may try again what failed by our fault. */
const retryAfter = 5

/** One request, and what of it decides beside its credentials and its body. */
interface Exchange extends McpCall {
  readonly request: Request
  /** It comes from a web page that nobody has allowed: it may act with a good token, and never without one (S-10). */
  readonly foreign: boolean
}

interface Received {
  /** `null`: it is too large, so that nobody knows what it asks for. */
  readonly body: Buffer<ArrayBuffer> | null
  readonly content: unknown
  readonly needs: Needs
  /** `null`: the client takes no form of answer that there is. */
  readonly form: AnswerForm | null
}

/** The MCP endpoint as an OAuth 2.1 protected resource, stateless, for MCP 2026-07-28 and the 2025 revisions. */
export function createMcpEndpoint(options: McpEndpointOptions): McpEndpoint {
  const { issuer, resource, requireAuth, lazyAuth, publicKeys, limits, tools, log, now = Date.now } = options
  const { documentationUrl } = options
  const needsOf = createAccessRules({ tools, requireAuth, lazyAuth, scope: requiredScope })
  const bearer = createBearerVerifier({ issuer, resource, publicKeys, now })
  const isLive = createGrantCheck({ grantStatus: options.grantStatus, now, log })
  const serve = createMcpServer({ ...options.serverInfo, tools, requireAuth, log, maximumBody })
  const originAllowed = createOriginRule(issuer, options.allowedOrigins)
  /** Of a request without a body that could be asked for. */
  const noNeeds: Needs = { signIn: requireAuth && !lazyAuth, scopes: [requiredScope], toolCalls: [], messages: 0 }

  /** The order is the security of it: nothing is told about the endpoint before the caller is known (S-11). */
  async function answer(request: Request, call: McpCall): Promise<Response> {
    if (request.method === 'OPTIONS') return preflightResponse()
    const reader = readerRedirect(request, documentationUrl)
    if (reader) return reader
    const exchange = { ...call, request, foreign: !originAllowed(request.headers.get('origin')) }
    const outcome = await bearer.verify(request, call.signal)
    switch (outcome.kind) {
      case 'malformed':
        log('mcp_token_refused', { requestId: call.requestId, reason: outcome.reason })
        return invalidRequest(asked(exchange, noNeeds))
      case 'invalid':
        return refuseToken(exchange, outcome.reason, outcome.description, outcome.leftOut)
      case 'anonymous':
        return answerAnybody(exchange)
      case 'valid':
        return answerPerson(exchange, outcome.token)
    }
  }

  /** Nobody has signed in. Clients probe with GET and read the challenge there, whatever else is odd about the request. */
  async function answerAnybody(exchange: Exchange): Promise<Response> {
    const { request, requestId, foreign } = exchange
    const received = await receive(exchange)
    const needs = received?.needs ?? noNeeds
    // An app whose page nobody has listed starts to sign in upon the challenge, or never.
    const signIn = needs.signIn || (foreign && needs.toolCalls.length === 0)
    log('mcp_unauthenticated', { requestId, enforced: signIn, ua: userAgent(request) })
    if (signIn) return authenticationRequired(toSignIn(exchange, needs))
    if (foreign) return refuse(exchange, 'origin', originRefused(), { needs })
    return answerReceived(exchange, undefined, received, received && (await count(received, undefined, exchange)))
  }

  async function answerPerson(exchange: Exchange, token: AccessToken): Promise<Response> {
    const problem = options.requireWorkEmail ? (await import('../people/work-email.ts')).workEmailProblem(token) : null
    const mayAct = (needs: Needs) => needs.scopes.every((scope) => token.scope.includes(scope))
    // A token known to be revoked uses up nothing of what its person may do.
    let live: boolean | undefined
    const checkGrant = async () => {
      live = await isLive(token)
    }
    const receiveAndCount = async () => {
      const received = await receive(exchange, token.leftOut)
      const countable = received && !problem && mayAct(received.needs) && live !== false
      return { received, counted: countable ? await count(received, token, exchange) : null }
    }
    // The body arrives, and is counted, while the store is asked about the grant; nothing is done with it before both.
    const [, { received, counted }] = await Promise.all([checkGrant(), receiveAndCount()])
    if (!live) return refuseToken(exchange, 'revoked', 'The access token has been revoked', token.leftOut)
    const needs = received?.needs ?? noNeeds
    if (problem) {
      return refuse(exchange, 'work_email', workEmailRequired(asked(exchange, needs), problem), { token, needs })
    }
    if (received && !mayAct(needs)) {
      return refuse(exchange, 'scope', insufficientScope(asked(exchange, needs)), { token, needs })
    }
    return answerReceived(exchange, token, received, counted)
  }

  async function answerReceived(
    exchange: Exchange,
    token: AccessToken | undefined,
    received: Received | undefined,
    counted: CountedCall | null | undefined,
  ): Promise<Response> {
    if (received === undefined) return methodNotAllowed()
    const { body, content, needs, form } = received
    if (body === null) return jsonRpcError(413, -32000, `The request is larger than ${maximumBody / 1024} KB`)
    if (form === null) return jsonRpcError(406, -32000, `Not acceptable: answers are ${jsonType} or ${eventStreamType}`)
    if (needs.messages > maximumBatch) return jsonRpcError(400, -32600, `At most ${maximumBatch} messages in a batch`)
    if (needs.toolCalls.length > 1) return jsonRpcError(400, -32600, 'One tools/call for each request')
    const response = counted?.limited
      ? refuse(exchange, 'limit', tooManyCalls(counted, needs.toolCalls[0]?.id ?? null), { token, needs })
      : await serve(exchange.request, { body, content, form }, token, exchange)
    if (counted) setRateLimit(response.headers, counted, now())
    return response
  }

  /** `undefined`: the method has no body that could be asked for. */
  async function receive({ request, signal }: Exchange, leftOut?: readonly string[]): Promise<Received | undefined> {
    if (request.method !== 'POST') return undefined
    const body = await bodyOf(request, signal)
    const content = body === null ? undefined : readMessages(body)
    return {
      body,
      content,
      needs: body === null ? noNeeds : needsOf(content, leftOut),
      form: acceptedForm(request.headers),
    }
  }

  /** Only the call of a tool is counted: it alone costs more than the answer itself (F-000-22). */
  async function count(
    { body, needs, form }: Received,
    token: AccessToken | undefined,
    { address, signal }: McpCall,
  ): Promise<CountedCall | null> {
    const answerable = body !== null && form !== null
    const counts = answerable && needs.toolCalls.length === 1 && needs.messages <= maximumBatch
    return counts ? countCall(limits, token, address, signal) : null
  }

  /** The metadata names the address that the client calls, byte for byte (RFC 9728 §3.3). */
  function asked({ request }: Exchange, { scopes, toolCalls: [toolCall] }: Needs): ProtectedResource {
    const slash = new URL(request.url).pathname.endsWith('/') ? '/' : ''
    return {
      resourceMetadataUrl: options.resourceMetadataUrl + slash,
      documentationUrl,
      scopes: scopes.length > 0 ? scopes : [requiredScope],
      toolCall,
    }
  }

  /** `leftOut`: by the person who signed in before; they are not asked for it again. */
  function toSignIn(exchange: Exchange, needs: Needs, leftOut: readonly string[] = []): ProtectedResource {
    const scopes = [...new Set([...needs.scopes, ...options.signInScopes])]
    return asked(exchange, { ...needs, scopes: scopes.filter((scope) => !leftOut.includes(scope)) })
  }

  /** O-12: a page that should not be here, a client that has to step up, a caller who asks too much. */
  function refuse(
    { requestId }: McpCall,
    reason: 'origin' | 'work_email' | 'scope' | 'limit',
    response: Response,
    { token, needs }: { readonly token?: AccessToken | undefined; readonly needs: Needs },
  ): Response {
    const [toolCall] = needs.toolCalls
    log('mcp_refused', {
      requestId,
      reason,
      ...callerInLog(token),
      ...(toolCall && { tool: nameInLog(toolCall.tool) }),
    })
    return response
  }

  function refuseToken(
    exchange: Exchange,
    reason: string,
    description: string,
    leftOut: readonly string[] | undefined,
  ): Response {
    log('mcp_token_refused', { requestId: exchange.requestId, reason })
    return invalidToken(toSignIn(exchange, noNeeds, leftOut), description)
  }

  /** What a caller makes up is no name of a tool. */
  const nameInLog = (name: string | undefined) => (tools.some((tool) => tool.name === name) ? name : 'unknown')

  return {
    async fetch(request, call) {
      const response = await answer(request, call).catch((error: unknown) => {
        if (error instanceof BodyNotArrived) {
          log('mcp_refused', { requestId: call.requestId, reason: 'late' })
          return jsonRpcError(408, -32000, 'The request has not arrived in time')
        }
        log('mcp_failed', { requestId: call.requestId, error: error instanceof Error ? error.name : typeof error })
        return error instanceof StoreUnavailable ? temporarilyUnavailable() : internalError()
      })
      return withCommonHeaders(request, response)
    },
  }
}

/**
 * The body, as bytes so that no content type is made up for it; `null` when it is too large, in bytes. Throws
 * `BodyNotArrived` when it breaks off, or the signal fires first.
 */
async function bodyOf(request: Request, signal: AbortSignal): Promise<Buffer<ArrayBuffer> | null> {
  try {
    return await readBody(request.body?.pipeThrough(new TransformStream(), { signal }), maximumBody)
  } catch (error) {
    throw new BodyNotArrived('the body broke off, or came too late', { cause: error })
  }
}

class BodyNotArrived extends Error {
  override readonly name = 'BodyNotArrived'
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
  return jsonResponse({ jsonrpc: '2.0', id: null, error: { code, message } }, { status, headers })
}

/** Our own fault, said so: a 401 would make the client throw away good credentials (peers 1d). */
function temporarilyUnavailable(): Response {
  return jsonResponse(
    { error: 'temporarily_unavailable', message: 'The token cannot be verified right now. Try again in a moment.' },
    { status: 503, headers: { 'Retry-After': String(retryAfter) } },
  )
}
