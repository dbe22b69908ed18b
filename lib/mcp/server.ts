import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import type { Log } from '../log.ts'
import { wellFormedBody } from '../well-formed.ts'
import type { AccessToken } from './bearer.ts'
import { registerTools, type Tool } from './tools/tool.ts'

export interface ServerInfo {
  readonly name: string
  readonly version: string
  readonly title?: string
  readonly websiteUrl?: string
  /** For the model: what this server is good for. */
  readonly instructions?: string
}

export interface McpServerOptions extends ServerInfo {
  readonly tools: readonly Tool[]
  readonly requireAuth: boolean
  /** Bytes. */
  readonly maximumBody: number
  readonly log: Log
}

/** Answers what a caller who may ask has sent; `token`: who they are, as far as they have signed in. */
export type Serve = (
  request: Request,
  token: AccessToken | undefined,
  call: { readonly signal: AbortSignal; readonly requestId: string },
) => Promise<Response>

/** The MCP server, stateless, for MCP 2026-07-28 and the 2025 revisions. */
export function createMcpServer({ tools, requireAuth, maximumBody, log, ...serverInfo }: McpServerOptions): Serve {
  const { instructions, ...info } = serverInfo

  function createServer(token: AccessToken | undefined): McpServer {
    const server = new McpServer(info, {
      capabilities: { tools: { listChanged: false } },
      ...(instructions !== undefined && { instructions }),
    })
    registerTools(server, tools, { token, requireAuth, log })
    return server
  }

  /** One handler and one server per request: nothing of one caller is there for another to see (CVE-2026-25536, S-14). */
  return async (request, token, { signal, requestId }) => {
    let fault: Error | undefined
    const handler = createMcpHandler(() => createServer(token), {
      maxRequestBodySize: maximumBody,
      // Nothing here ever changes while a client listens, and an idle stream would hold a function open (S-22).
      maxSubscriptions: 0,
      onerror: (error) => {
        fault = error
      },
    })
    const response = await handler.fetch(withMissingHeaders(request, signal))
    if (response.status >= 500) log('mcp_failed', { requestId, error: fault?.name })
    return wellFormedBody(response)
  }
}

/** Hand-written clients leave these out, and curl accepts anything: both mean the only thing that works (B3-6). */
function withMissingHeaders(request: Request, signal: AbortSignal): Request {
  const headers = new Headers(request.headers)
  const accept = headers.get('accept')
  if (accept === null || accept === '*/*') headers.set('accept', 'application/json, text/event-stream')
  if (!headers.has('content-type')) headers.set('content-type', 'application/json')
  return new Request(request, { headers, signal: AbortSignal.any([signal, request.signal]) })
}
