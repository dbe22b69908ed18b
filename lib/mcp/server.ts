import { classifyInboundRequest, createMcpHandler, isInitializeRequest, McpServer } from '@modelcontextprotocol/server'
import { defined } from '../base/defined.ts'
import { isObject } from '../base/json.ts'
import type { Log } from '../base/log.ts'
import { wellFormedBody } from '../base/well-formed.ts'
import { type AnswerForm, eventStreamType, jsonType } from './accept.ts'
import { asJson } from './answer-form.ts'
import type { RunningCall } from './ended-call.ts'
import { jsonRpcError } from './refusals.ts'
import type { UserToken } from './role-of-today.ts'
import { asksForSkills, skillsExtension } from './skills/skills.ts'
import { isOffered } from './tools/access.ts'
import { registerTools, type Tool } from './tools/tool.ts'

export interface ServerInfo {
  readonly name: string
  readonly version: string
  readonly title?: string
  readonly websiteUrl?: string
  /** Tells the model what this server is for. */
  readonly instructions?: string | ((isOffered: (tool: string) => boolean) => string)
}

export interface McpServerOptions extends ServerInfo {
  readonly tools: readonly Tool[]
  readonly requireAuth: boolean
  /** False: every answer is one JSON document. */
  readonly eventStreams: boolean
  /** Bytes. */
  readonly maximumBody: number
  readonly log: Log
  /** Returns the skills of this deploy. Absent: this server has none. */
  readonly loadSkills?: LoadSkills | undefined
}

/** Makes a server serve the skills. Their code is loaded when a client asks for them. */
export type LoadSkills = () => Promise<(server: McpServer) => void>

/** A skill never changes while a client is connected: a deploy holds its files. */
const skillsCapabilities = {
  resources: { listChanged: false },
  extensions: { [skillsExtension]: { directoryRead: true } },
}

/** A body that passed the checks that hold for every caller, and the form of its answer. */
export interface Asked {
  readonly body: Buffer<ArrayBuffer>
  /** What `readMessages` returned; `undefined`: the body is not JSON. */
  readonly content: unknown
  readonly form: AnswerForm
}

/**
 * Answers a body. `token`: the user's; `undefined` for an anonymous caller. `more`: tools that only this caller is offered.
 */
export type Serve = (
  request: Request,
  asked: Asked,
  token: UserToken | undefined,
  call: { readonly signal: AbortSignal; readonly requestId: string },
  running?: RunningCall,
  more?: readonly Tool[],
) => Promise<Response>

/** The MCP server, stateless, for MCP 2026-07-28 and the 2025 revisions. */
export function createMcpServer(options: McpServerOptions): Serve {
  const { tools, requireAuth, eventStreams, maximumBody, log, loadSkills, instructions, ...info } = options

  function createServer(
    token: UserToken | undefined,
    running: RunningCall | undefined,
    more: readonly Tool[],
    withSkills?: (server: McpServer) => void,
  ): McpServer {
    const offered = [...tools.filter((tool) => isOffered(tool, token)), ...more]
    const text =
      typeof instructions === 'function'
        ? instructions((name) => offered.some((tool) => tool.name === name))
        : instructions
    const server = new McpServer(info, {
      capabilities: { tools: { listChanged: false }, ...(loadSkills && skillsCapabilities) },
      ...defined({ instructions: text }),
    })
    registerTools(server, offered, { token, requireAuth, log, running })
    withSkills?.(server)
    return server
  }

  /** Each request has its own handler and server, so that no caller sees another's data (CVE-2026-25536, S-14). */
  return async (request, { body, content, form: wanted }, token, { signal, requestId }, running, more = []) => {
    let fault: Error | undefined
    const form = eventStreams ? wanted : 'json'
    const withSkills = loadSkills && asksForSkills(content) ? await loadSkills() : undefined
    const handler = createMcpHandler(() => createServer(token, running, more, withSkills), {
      maxRequestBodySize: maximumBody,
      // The list of tools never changes while a client listens, and an idle stream would keep a function running (S-22).
      maxSubscriptions: 0,
      ...defined({ responseMode: form === 'event-stream' ? ('sse' as const) : undefined }),
      onerror: (error) => {
        fault = error
      },
    })
    const forSdk = new Request(request, {
      headers: headersForSdk(request.headers),
      signal: AbortSignal.any([signal, request.signal]),
      body,
    })
    const refused = refusedBeforeSdk(forSdk.headers, content)
    if (refused) return refused
    const response = await handler.fetch(forSdk, defined({ parsedBody: content }))
    if (response.status >= 500) log('mcp_failed', { requestId, error: fault?.name })
    // It is not supported (S-12). The SDK would answer that a limit is reached.
    if (response.ok && isMessage(content) && content.method === 'subscriptions/listen') {
      return jsonRpcError(404, -32601, 'Method not found', { id: content.id })
    }
    return wellFormedBody(form === 'json' ? await asJson(response, Array.isArray(content)) : response)
  }
}

/**
 * Makes the headers that the SDK requires. It wants `Accept` to name both forms; `accept.ts` has already decided which one the
 * client gets. Hand-written clients leave out the content type.
 */
function headersForSdk(original: Headers): Headers {
  const headers = new Headers(original)
  headers.set('accept', `${jsonType}, ${eventStreamType}`)
  if (!headers.has('content-type')) headers.set('content-type', jsonType)
  for (const name of ['content-type', 'mcp-protocol-version']) {
    const once = saidOnce(headers.get(name) ?? '')
    if (once !== undefined) headers.set(name, once)
  }
  return headers
}

/** Returns the value of a header that was sent more than once, if it is the same each time, parameters apart. */
function saidOnce(header: string): string | undefined {
  const [first = '', ...others] = header
    .replaceAll(/;(?:"(?:\\.|[^"\\])*"|[^",])*/g, '')
    .split(',')
    .map((value) => value.trim().toLowerCase())
  return first !== '' && others.length > 0 && others.every((other) => other === first) ? first : undefined
}

const isMessage = (content: unknown): content is { readonly method: unknown; readonly id?: unknown } =>
  isObject(content) && 'method' in content

/** Refuses a malformed `initialize` of the 2025 revisions as the client's error. The SDK would call it an internal error. */
function refusedBeforeSdk(headers: Headers, content: unknown): Response | undefined {
  const wrong = [content]
    .flat()
    .find((one) => isMessage(one) && one.method === 'initialize' && !isInitializeRequest(one))
  if (!isMessage(wrong) || wrong.id === undefined) return undefined
  const version = headers.get('mcp-protocol-version')
  const { kind } = classifyInboundRequest({
    httpMethod: 'POST',
    body: content,
    ...defined({ protocolVersionHeader: version ?? undefined }),
  })
  if (kind !== 'legacy') return undefined
  return jsonRpcError(400, -32602, 'Invalid params for initialize', { id: wrong.id })
}
