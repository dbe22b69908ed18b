import { classifyInboundRequest, createMcpHandler, isInitializeRequest, McpServer } from '@modelcontextprotocol/server'
import { isObject } from '../base/json.ts'
import type { Log } from '../base/log.ts'
import { jsonResponse, wellFormedBody } from '../base/well-formed.ts'
import type { AccessToken } from '../resource-server/bearer.ts'
import { type AnswerForm, eventStreamType, jsonType } from './accept.ts'
import { asJson } from './answer-form.ts'
import { isOffered } from './tools/access.ts'
import { registerTools, type Tool } from './tools/tool.ts'

export interface ServerInfo {
  readonly name: string
  readonly version: string
  readonly title?: string
  readonly websiteUrl?: string
  /** For the model: what this server is good for. */
  readonly instructions?: string | ((isOffered: (tool: string) => boolean) => string)
}

export interface McpServerOptions extends ServerInfo {
  readonly tools: readonly Tool[]
  readonly requireAuth: boolean
  /** Bytes. */
  readonly maximumBody: number
  readonly log: Log
}

/** What has arrived, for a caller who may ask. */
export interface Asked {
  readonly body: Buffer<ArrayBuffer>
  /** Of `readMessages`; `undefined`: the body is no JSON. */
  readonly content: unknown
  readonly form: AnswerForm
}

/** `token`: who the caller is, as far as they have signed in. */
export type Serve = (
  request: Request,
  asked: Asked,
  token: AccessToken | undefined,
  call: { readonly signal: AbortSignal; readonly requestId: string },
) => Promise<Response>

/** The MCP server, stateless, for MCP 2026-07-28 and the 2025 revisions. */
export function createMcpServer({ tools, requireAuth, maximumBody, log, ...serverInfo }: McpServerOptions): Serve {
  const { instructions, ...info } = serverInfo

  function createServer(token: AccessToken | undefined): McpServer {
    const offered = tools.filter(({ access }) => isOffered(access, token?.leftOut ?? []))
    const text =
      typeof instructions === 'function'
        ? instructions((name) => offered.some((tool) => tool.name === name))
        : instructions
    const server = new McpServer(info, {
      capabilities: { tools: { listChanged: false } },
      ...(text !== undefined && { instructions: text }),
    })
    registerTools(server, offered, { token, requireAuth, log })
    return server
  }

  /** One handler and one server per request: nothing of one caller is there for another to see (CVE-2026-25536, S-14). */
  return async (request, { body, content, form }, token, { signal, requestId }) => {
    let fault: Error | undefined
    const handler = createMcpHandler(() => createServer(token), {
      maxRequestBodySize: maximumBody,
      // Nothing here ever changes while a client listens, and an idle stream would hold a function open (S-22).
      maxSubscriptions: 0,
      ...(form === 'event-stream' && { responseMode: 'sse' }),
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
    const response = await handler.fetch(forSdk, content === undefined ? {} : { parsedBody: content })
    if (response.status >= 500) log('mcp_failed', { requestId, error: fault?.name })
    if (response.ok && isMessage(content) && content.method === 'subscriptions/listen') return methodNotFound(content)
    return wellFormedBody(form === 'json' ? await asJson(response, Array.isArray(content)) : response)
  }
}

/** The SDK asks for both forms; what the client takes has been decided (`accept.ts`). Hand-written clients leave out the type. */
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

/** What a header says that was sent several times, and joined by commas, if it says the same each time, parameters apart. */
function saidOnce(header: string): string | undefined {
  const [first = '', ...others] = header
    .replaceAll(/;(?:"(?:\\.|[^"\\])*"|[^",])*/g, '')
    .split(',')
    .map((value) => value.trim().toLowerCase())
  return first !== '' && others.length > 0 && others.every((other) => other === first) ? first : undefined
}

const isMessage = (content: unknown): content is { readonly method: unknown; readonly id?: unknown } =>
  isObject(content) && 'method' in content

/** S-12; the SDK calls it a limit that is reached. */
function methodNotFound({ id }: { readonly id?: unknown }): Response {
  return jsonResponse({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } }, { status: 404 })
}

/** The SDK answers an `initialize` of the 2025 revisions that is wrong by an internal error, but it is the client's. */
function refusedBeforeSdk(headers: Headers, content: unknown): Response | undefined {
  const wrong = [content]
    .flat()
    .find((one) => isMessage(one) && one.method === 'initialize' && !isInitializeRequest(one))
  if (!isMessage(wrong) || wrong.id === undefined) return undefined
  const version = headers.get('mcp-protocol-version')
  const { kind } = classifyInboundRequest({
    httpMethod: 'POST',
    body: content,
    ...(version !== null && { protocolVersionHeader: version }),
  })
  if (kind !== 'legacy') return undefined
  const error = { code: -32602, message: 'Invalid params for initialize' }
  return jsonResponse({ jsonrpc: '2.0', id: wrong.id, error }, { status: 400 })
}
