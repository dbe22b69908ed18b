import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node'
import {
  CLIENT_INFO_META_KEY,
  createMcpHandler,
  isInitializeRequest,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server'
import * as v from 'valibot'
import { headersOf, readBody, sendJson, takeFault } from '../stand-in.ts'
import { type McpFaults, misbehaveInCall, misbehaveInMessage, sendLostSession, takeTime } from './faults.ts'

/** A tool call. It is recorded when it arrives, whatever the answer is. */
export interface McpCall {
  readonly tool: string
  readonly arguments: Readonly<Record<string, unknown>>
  /** `_meta.user`: the user of the call. */
  readonly user: unknown
  /** `{ name, version }` of the MCP client. A client with an older protocol sends it only when it connects. */
  readonly client: unknown
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Whether the caller disconnected before the answer. */
  cancelled: boolean
}

export interface McpEndpoint {
  /** Answers a message, or a request about the session, that the listener has accepted. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Forgets the sessions, as a server does when it restarts. */
  forgetSessions(): Promise<void>
  close(): Promise<void>
}

export interface McpEndpointOptions {
  /** Makes a server for each request, or for each session. A tool waits for `work` before it answers. */
  readonly createServer: (work: (context: ServerContext) => Promise<void>) => McpServer
  readonly faults: McpFaults
  readonly record: (call: McpCall) => void
}

const message = v.object({ method: v.string(), id: v.optional(v.unknown()), params: v.optional(v.looseObject({})) })
const initialize = v.object({ params: v.object({ clientInfo: v.unknown() }) })
const toolCall = v.object({
  id: v.unknown(),
  method: v.literal('tools/call'),
  params: v.object({
    name: v.string(),
    arguments: v.optional(v.record(v.string(), v.unknown()), {}),
    _meta: v.optional(v.looseObject({ user: v.optional(v.unknown()) })),
  }),
})

/** Makes an MCP server over HTTP that remembers the calls of its tools and misbehaves on demand. */
export function createMcpEndpoint({ createServer, faults, record }: McpEndpointOptions): McpEndpoint {
  let connected: unknown
  const create = () => createServer((context) => takeTime(faults, context))
  const handler = createMcpHandler(create)
  const serve = toNodeHandler(handler)
  const sessions = createSessions(create, faults)

  /** @returns whether the message is settled */
  async function observe(body: unknown, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { method } = v.is(message, body) ? body : {}
    if (method === 'initialize' || method === 'server/discover') {
      if (v.is(initialize, body)) connected = body.params.clientInfo
      const fault = takeFault(faults.connect, () => delete faults.connect)
      return fault !== undefined && misbehaveInMessage(fault, response)
    }
    const parsed = v.safeParse(toolCall, body)
    if (!parsed.success) return false
    const { name, arguments: given, _meta: meta } = parsed.output.params
    const client = meta?.[CLIENT_INFO_META_KEY] ?? connected
    const call: McpCall = {
      tool: name,
      arguments: given,
      user: meta?.user,
      client,
      headers: headersOf(request),
      at: Date.now(),
      cancelled: false,
    }
    record(call)
    // The tool itself waits for this fault and counts it down.
    const fault = faults.call?.kind === 'progress' ? faults.call : takeFault(faults.call, () => delete faults.call)
    if (fault?.kind !== 'reset') noteWhenCancelled(call, response)
    const { id } = parsed.output
    return fault !== undefined && misbehaveInCall(fault, { id, saysWho: meta?.user !== undefined }, response)
  }

  return {
    async handle(request, response) {
      const body = await readJson(request)
      if (await observe(body, request, response)) return
      if (faults.sessions === true) return sessions.serve(request, response, body)
      const { method = 'GET', url = '/' } = request
      await serve(Object.assign(request, { method, url }), response, body)
    },
    forgetSessions: sessions.forget,
    async close() {
      await Promise.all([sessions.forget(), handler.close()])
    },
  }
}

/** Marks a call whose caller closes the connection before its answer is complete. */
export function noteWhenCancelled(call: { cancelled: boolean }, response: ServerResponse): void {
  response.once('close', () => {
    call.cancelled = !response.writableFinished
  })
}

/** Sessions of MCP 2025-11-25, "Session Management". */
function createSessions(createServer: () => McpServer, faults: McpFaults) {
  const open = new Map<string, NodeStreamableHTTPServerTransport>()

  async function begin(): Promise<NodeStreamableHTTPServerTransport> {
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void open.set(id, transport),
      onsessionclosed: (id) => void open.delete(id),
    })
    await createServer().connect(transport)
    return transport
  }

  const refuse = (response: ServerResponse, status: number, text: string) =>
    sendJson(response, status, { jsonrpc: '2.0', id: null, error: { code: -32_000, message: text } })

  return {
    async serve(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
      const id = request.headers['mcp-session-id']
      if (id === undefined && !isInitializeRequest(body)) {
        return refuse(response, 400, 'Bad Request: Mcp-Session-Id header is required')
      }
      const transport = id === undefined ? await begin() : open.get(String(id))
      if (transport === undefined) return sendLostSession(faults, v.is(message, body) ? body.id : null, response)
      await transport.handleRequest(request, response, body)
    },
    async forget(): Promise<void> {
      const forgotten = [...open.values()]
      open.clear()
      await Promise.all(forgotten.map((transport) => transport.close()))
    },
  }
}

/** Reads a JSON body. Undefined if there is none, or it is not JSON: the MCP server answers that itself. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  try {
    return JSON.parse(await readBody(request))
  } catch {
    return undefined
  }
}
