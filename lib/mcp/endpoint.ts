import type { Call } from '../base/call.ts'
import { isMachine } from '../base/machine.ts'
import { whenSent } from '../base/when-sent.ts'
import type { AccessToken } from '../resource-server/bearer.ts'
import { preflightResponse } from '../resource-server/cors.ts'
import { type Caller, createOwnResourceServer, type ResourceServerOptions } from '../resource-server/resource-server.ts'
import { type AdminTools, adminScope, asksForTools } from './admin-tools.ts'
import { withAnswerHeaders } from './answer-headers.ts'
import { clientVersionIn, type RecordClientVersion } from './client-version.ts'
import { redirectToDocumentation } from './documentation-redirect.ts'
import { beginCall, type RecordCall } from './ended-call.ts'
import { setRateLimit } from './rate-limit-headers.ts'
import { BodyNotArrived, maximumBody, type Received, receive } from './received.ts'
import { failed, jsonRpcError, methodNotAllowed, originRefused } from './refusals.ts'
import { type CalledTool, createAccessRules, type RequiredAccess } from './required-access.ts'
import { type AllowanceOf, type UserToken, withRoleOfToday } from './role-of-today.ts'
import { type Asked, createMcpServer, type LoadSkills, type ServerInfo } from './server.ts'
import { type CallLimits, type CountedCall, countCall, tooManyCalls } from './tool-call-limits.ts'
import { callerInLog, type Tool } from './tools/tool.ts'
import { workEmailRequired } from './work-email-required.ts'

export interface McpEndpointOptions extends Omit<ResourceServerOptions, 'requiredScope'> {
  /** False: requests without credentials pass, and are logged (F-000-16). Bad credentials never pass. */
  readonly requireAuth: boolean
  readonly limits: CallLimits
  /** In the order in which they are listed. */
  readonly tools: readonly Tool[]
  /** Tools for admins only. Every other caller learns nothing of them. */
  readonly adminTools?: AdminTools
  /** What each user may do. Absent: the service has no roles. */
  readonly allowanceOf?: AllowanceOf
  /** With `requireAuth`: clients connect and list without a token, and are asked for one when a tool needs it (S-20). */
  readonly lazyAuth: boolean
  /** False: every answer is one JSON document, whatever the client accepts. Default true. */
  readonly eventStreams?: boolean
  /** Refuses users whose email address is at a free or disposable mail provider (F-000-21). */
  readonly requireWorkEmail: boolean
  readonly loadSkills?: LoadSkills
  readonly serverInfo: ServerInfo
  /** Records what became of a request with a token. If absent, nothing is recorded. */
  readonly recordAccess?: RecordAccess
  /** Told of every call of a tool by a known user, and of those of anonymous callers that were not refused. */
  readonly recordCall?: RecordCall
  readonly recordClientVersion?: RecordClientVersion
}

/**
 * Told of each request with a verified token. `refused`: why it was not let in. Never throws, and returns at once: work that
 * takes time belongs into `call.waitUntil`.
 */
export type RecordAccess = (token: AccessToken, refused: Refusal | undefined, call: McpCall) => void

export type Refusal = 'revoked' | 'origin' | 'role' | 'work_email' | 'scope' | 'limit'

/** `signal` fires when the platform is about to end the function. It must live as long as the answer's body. */
export type McpCall = Required<Pick<Call, 'signal' | 'requestId' | 'address' | 'waitUntil'>>

export interface McpEndpoint {
  /** Never throws. */
  fetch(request: Request, call: McpCall): Promise<Response>
}

/** The scope that every use of the endpoint needs. */
const requiredScope = 'docs:read'

type CheckBody = Extract<Caller, { kind: 'user' }>['checkBody']

/** One request and its call. */
interface Exchange extends McpCall {
  readonly request: Request
}

/** The MCP endpoint as an OAuth 2.1 protected resource, stateless, for MCP 2026-07-28 and the 2025 revisions. */
export function createMcpEndpoint(options: McpEndpointOptions): McpEndpoint {
  const {
    documentationUrl,
    requireAuth,
    lazyAuth,
    eventStreams = true,
    limits,
    tools,
    adminTools,
    recordCall,
    log,
    now = Date.now,
  } = options
  const toolNames = new Set(tools.map(({ name }) => name))
  const scopes = [...new Set([requiredScope, ...tools.flatMap(({ access }) => access.scopes)])]
  const resourceServer = createOwnResourceServer({ ...options, requiredScope })
  const rules = createAccessRules({ tools, requireAuth, lazyAuth, scope: requiredScope })
  const { loadSkills, serverInfo } = options
  const serve = createMcpServer({ ...serverInfo, tools, requireAuth, eventStreams, log, maximumBody, loadSkills })

  /** Answers a request. Reveals nothing before the caller is known (S-11), so the order of these lines is a security decision. */
  async function answer(exchange: Exchange): Promise<Response> {
    const { request } = exchange
    if (request.method === 'OPTIONS') return preflightResponse()
    const redirect = redirectToDocumentation(request, documentationUrl)
    if (redirect) return redirect
    const caller = await resourceServer.identify(request, exchange)
    if (caller.kind === 'refused') return caller.response
    return caller.kind === 'user'
      ? answerUser(exchange, withRoleOfToday(caller.token, scopes, options), caller.checkBody)
      : answerAnonymous(exchange)
  }

  /** Answers without a token. Clients probe with GET and expect the challenge there, even if the request has other faults. */
  async function answerAnonymous(exchange: Exchange): Promise<Response> {
    const { request, requestId } = exchange
    const received = await receiveBody(exchange)
    const required = received?.required ?? rules.withoutContent
    const foreign = resourceServer.isForeign(request)
    // An app whose web page is not listed starts a sign-in only if it gets the challenge.
    const signIn = required.signIn || (foreign && required.toolCalls.length === 0)
    log('mcp_unauthenticated', { requestId, enforced: signIn, ua: userAgent(request) })
    if (signIn) return resourceServer.signInRequired(request, required)
    if (foreign) return refuse(exchange, 'origin', originRefused(), undefined, required.toolCalls[0])
    return answerReceived(exchange, undefined, received, await count(received, undefined, exchange))
  }

  async function answerUser(exchange: Exchange, token: UserToken, checkBody: CheckBody): Promise<Response> {
    const { request, signal } = exchange
    const isShutOut = token.leftOut?.includes(requiredScope) === true
    const asksForAddress = options.requireWorkEmail && !isMachine(token.sub)
    const problem = asksForAddress ? (await import('../people/work-email.ts')).workEmailProblem(token) : null
    const mayAct = ({ scopes }: RequiredAccess) => scopes.every((scope) => token.scope.includes(scope))
    let live: boolean | undefined
    const checkGrant = async () => {
      live = await resourceServer.isLive(token)
    }
    const receiveAndCount = async () => {
      const received = await receiveBody(exchange, token)
      // A call that needs more than the usual scope may change something.
      const once = received?.required.scopes.some((scope) => scope !== requiredScope) ?? false
      const unproven = received?.body && (await checkBody?.(received.body, once, signal))
      if (unproven) return { received, counted: null, unproven }
      // A token that is known to be revoked uses up nothing of its user's limit.
      const countable = received && !problem && !isShutOut && mayAct(received.required) && live !== false
      return { received, counted: countable ? await count(received, token, exchange) : null }
    }
    // The body arrives, and its call is counted, while the store is asked about the grant. Nothing is run before both.
    const [, { received, counted, unproven }] = await Promise.all([checkGrant(), receiveAndCount()])
    const required = received?.required ?? rules.withoutContent
    if (unproven) return unproven
    const [toolCall] = required.toolCalls
    if (!live) {
      options.recordAccess?.(token, 'revoked', exchange)
      begin(exchange, token, toolCall)?.refuse('revoked')
      return resourceServer.revoked(request, token, exchange)
    }
    if (isShutOut) {
      const { roleRequired } = await import('./role-required.ts')
      return refuse(exchange, 'role', roleRequired({ documentationUrl, toolCall }), token, toolCall)
    }
    if (problem) {
      const refusal = workEmailRequired({ documentationUrl, toolCall }, problem)
      return refuse(exchange, 'work_email', refusal, token, toolCall)
    }
    if (received && !mayAct(required)) {
      return refuse(exchange, 'scope', resourceServer.insufficientScope(request, required), token, toolCall)
    }
    options.recordAccess?.(token, undefined, exchange)
    const version = clientVersionIn(received?.asked?.content)
    if (version !== undefined) options.recordClientVersion?.(token, version, exchange)
    return answerReceived(exchange, token, received, counted)
  }

  /** Reads the body of a POST. Returns `undefined` for other methods, whose requests have no body. */
  async function receiveBody({ request, signal }: Exchange, caller?: UserToken) {
    return request.method === 'POST' ? receive(request, signal, rules, caller) : undefined
  }

  /** Counts a tool call. Other messages do not count: they cost no more than their answer (F-000-22). */
  async function count(received: Received | undefined, token: AccessToken | undefined, { address, signal }: McpCall) {
    const isCall = received?.asked !== undefined && received.required.toolCalls.length === 1
    return isCall ? countCall(limits, token, address, signal) : null
  }

  async function answerReceived(
    exchange: Exchange,
    token: UserToken | undefined,
    received: Received | undefined,
    counted: CountedCall | null,
  ): Promise<Response> {
    if (received === undefined) return methodNotAllowed()
    const [toolCall] = received.required.toolCalls
    if (received.refusal) {
      if (token) begin(exchange, token, toolCall)?.refuse('malformed')
      return received.refusal
    }
    const response = counted?.limited
      ? refuse(exchange, 'limit', tooManyCalls(counted, toolCall?.id ?? null), token, toolCall)
      : await run(exchange, token, received.asked, toolCall)
    if (counted) setRateLimit(response.headers, counted, now())
    return response
  }

  /** Answers a body, and makes sure that a call of a tool is recorded even if no tool ran. */
  async function run(
    exchange: Exchange,
    token: UserToken | undefined,
    asked: Asked,
    toolCall: CalledTool | undefined,
  ): Promise<Response> {
    const running = begin(exchange, token, toolCall)
    try {
      const more = await toolsForAdmin(asked, token)
      const response = await serve(exchange.request, asked, token, exchange, running, more)
      // A tool that still runs when its reader goes away says itself how it ended.
      return running ? whenSent(response, () => running.running || running.refuse('malformed')) : response
    } catch (error) {
      running?.end('internal_error')
      throw error
    }
  }

  /** Loads the tools for admins, if this caller is an admin and asks for them. */
  async function toolsForAdmin({ content }: Asked, token: AccessToken | undefined): Promise<readonly Tool[]> {
    return isAdmin(token) && adminTools && asksForTools(content, adminTools) ? adminTools.load() : []
  }

  function begin(exchange: Exchange, token: AccessToken | undefined, toolCall: CalledTool | undefined) {
    return recordCall && toolCall && beginCall(recordCall, { token, tool: listedName(toolCall, token), now }, exchange)
  }

  /** A tool name that the caller made up is neither logged nor recorded. */
  const listedName = ({ tool = '' }: CalledTool, token: AccessToken | undefined) =>
    toolNames.has(tool) || (isAdmin(token) && adminTools?.names.includes(tool)) ? tool : 'unknown'

  /** Logs a refusal that is not about the token (O-12), and records that of a known user. */
  function refuse(
    exchange: Exchange,
    reason: Exclude<Refusal, 'revoked'>,
    response: Response,
    token: AccessToken | undefined,
    toolCall: CalledTool | undefined,
  ): Response {
    if (token) options.recordAccess?.(token, reason, exchange)
    const tool = toolCall && { tool: listedName(toolCall, token) }
    log('mcp_refused', { requestId: exchange.requestId, reason, ...callerInLog(token), ...tool })
    if (token) begin(exchange, token, toolCall)?.refuse(reason)
    return response
  }

  function failure(error: unknown, { requestId }: McpCall): Response {
    if (error instanceof BodyNotArrived) {
      log('mcp_refused', { requestId, reason: 'late' })
      return jsonRpcError(408, -32000, 'The request has not arrived in time')
    }
    log('mcp_failed', { requestId, error: error instanceof Error ? error.name : typeof error })
    return failed(error)
  }

  return {
    async fetch(request, call) {
      const response = await answer({ ...call, request }).catch((error: unknown) => failure(error, call))
      return withAnswerHeaders(request, response, options.serverInfo)
    },
  }
}

/** Whether a caller has the scope of admins, after `withRoleOfToday`. */
const isAdmin = (token: AccessToken | undefined) => token?.scope.includes(adminScope) === true

const userAgent = (request: Request) => request.headers.get('user-agent')?.slice(0, 120)
