import { createHash, timingSafeEqual } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { fromJsonSchema, McpServer, type ServerContext } from '@modelcontextprotocol/server'
import * as v from 'valibot'
import { createMcpEndpoint, type McpCall } from '../mcp/endpoint.ts'
import { mcpFaults } from '../mcp/faults.ts'
import { control, listenOnLoopback, mockControls, pathOf, sendJson } from '../stand-in.ts'
import { type Corpus, openCorpus } from './corpus.ts'
import { createRest, restPath, type Source } from './rest.ts'

export interface Kapa {
  /** The MCP endpoint. The REST API is at the same origin. */
  readonly url: string
  calls(): readonly KapaCall[]
  /** Forgets calls and faults. */
  reset(): void
  /** Forgets the sessions, as a server does that starts anew. */
  forgetSessions(): Promise<void>
  readonly faults: KapaFaults
  stop(): Promise<void>
}

/**
 * A call that came with the right key, which is left out of the headers. One of the REST API is recorded under the name
 * of what it asks for (`retrieval`, `documents`, `chat`), with its body as `arguments` and `mcp_client_meta` as `client`.
 */
export interface KapaCall extends McpCall {
  readonly query: unknown
}

const kapaFaults = v.strictObject({
  ...mcpFaults.entries,
  /** Another tool's name than the one expected, when set. */
  toolName: v.optional(v.string()),
})
/** How Kapa misbehaves from now on. Set and delete members at will. `call` goes for the REST API too. */
export type KapaFaults = v.InferOutput<typeof kapaFaults>

export interface KapaOptions {
  readonly port: number
  readonly apiKey: string
  /** Markdown files, or folders of them. */
  readonly documents: readonly string[]
  /** Where MCP is spoken: at the root by default, as at Kapa. */
  readonly path?: '/' | '/mcp'
}

export const kapaToolName = 'search_redpanda_knowledge_sources'
/** The one project of the REST API. */
export const kapaProjectId = 'local-kapa-project'

const results = 5
const documentsPath = '/documents/'

/**
 * Kapa's hosted MCP server and REST API, of the size of this machine: its tool, its key, its form of answers, by
 * full-text search over `documents`, which it also serves, so that what it cites can be opened. `GET /__mock/calls`,
 * `POST /__mock/reset` and `POST /__mock/faults` do over HTTP what the handle does in process.
 *
 * @throws Error with `code: 'EADDRINUSE'` if the port is taken, or if `documents` cannot be read
 */
export async function startKapa({ port, apiKey, documents, path = '/' }: KapaOptions): Promise<Kapa> {
  const corpus = openCorpus(documents)
  const calls: KapaCall[] = []
  const faults: KapaFaults = {}
  const isKey = (key: string) => timingSafeEqual(digest(key), digest(apiKey))

  const search = (query: string, limit: number): Source[] =>
    corpus.search(query, limit).map(({ path, anchor, content }) => {
      const source = sourceOf(path)
      source.hash = anchor
      return { source_url: source.href, content }
    })
  const endpoint = createMcpEndpoint({
    createServer: (work) => createServer((query) => search(query, results), faults.toolName ?? kapaToolName, work),
    faults,
    record(call) {
      const { authorization: _, ...headers } = call.headers
      calls.push(Object.assign(call, { query: call.arguments.query, headers }))
    },
  })
  const rest = createRest({
    isKey,
    projectId: kapaProjectId,
    search,
    documents: () =>
      corpus.paths().map((path) => ({ source_url: sourceOf(path).href, content: corpus.document(path) ?? '' })),
    faults,
    record: (call) => void calls.push(call),
  })

  const { reset, controls } = mockControls('calls', calls, faults, kapaFaults)
  const listening = await listenOnLoopback(port, async (request, response) => {
    if (await control(controls, request, response)) return
    const here = pathOf(request)
    if (here.startsWith(restPath)) return rest.handle(request, response)
    if (request.method === 'GET' && here.startsWith(documentsPath)) return sendDocument(corpus, here, response)
    if (here !== path) return response.writeHead(404).end()
    if (request.method === 'GET' && request.headers.accept?.includes('text/html')) {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
      return response.end('The Kapa stand-in of the local world, an MCP server: /__mock/calls shows what was asked.\n')
    }
    if (!isKey(/^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '')) {
      response.setHeader(
        'www-authenticate',
        'Bearer error="invalid_token", error_description="Authentication required"',
      )
      return sendJson(response, 401, { error: 'invalid_token', error_description: 'Authentication required' })
    }
    await endpoint.handle(request, response)
  })
  const origin = `http://localhost:${listening.port}`
  const sourceOf = (path: string) => new URL(documentsPath + path, origin)
  const stop = async () => {
    await endpoint.close()
    await listening.stop()
  }
  return { url: origin + path, calls: () => calls, reset, forgetSessions: endpoint.forgetSessions, faults, stop }
}

/** @param search what it finds are Kapa's chunks, each a text of its own in the answer */
function createServer(
  search: (query: string) => readonly Source[],
  toolName: string,
  work: (context: ServerContext) => Promise<void>,
): McpServer {
  const server = new McpServer({ name: 'kapa-stand-in', version: '1.0.0' })
  const inputSchema = fromJsonSchema<{ query: string }>({
    type: 'object',
    properties: { query: { type: 'string', description: 'One full sentence.' } },
    required: ['query'],
  })
  const description = 'Searches the documentation and returns the parts that fit the query best.'
  const config = { title: 'Search the documentation', description, inputSchema }
  server.registerTool(toolName, config, async ({ query }, context) => {
    await work(context)
    return { content: search(query).map((chunk) => ({ type: 'text' as const, text: JSON.stringify(chunk) })) }
  })
  return server
}

function sendDocument(corpus: Corpus, path: string, response: ServerResponse): void {
  const text = corpus.document(path.slice(documentsPath.length))
  if (text === undefined) return void response.writeHead(404).end()
  response.writeHead(200, { 'content-type': 'text/markdown; charset=utf-8' }).end(text)
}

const digest = (text: string) => createHash('sha256').update(text).digest()
