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
  /** Forgets the sessions, as a server does when it restarts. */
  forgetSessions(): Promise<void>
  readonly faults: KapaFaults
  stop(): Promise<void>
}

/**
 * A call with the right key, which is removed from the headers. A call of the REST API is recorded under the name of
 * what it requests (`retrieval`, `documents`, `chat`), with its body as `arguments` and `mcp_client_meta` as `client`.
 */
export interface KapaCall extends McpCall {
  readonly query: unknown
}

const kapaFaults = v.strictObject({
  ...mcpFaults.entries,
  /** If set, the tool has this name and not the expected one. */
  toolName: v.optional(v.string()),
})
/** How Kapa misbehaves. Set and delete members at any time. `call` also applies to the REST API. */
export type KapaFaults = v.InferOutput<typeof kapaFaults>

export interface KapaOptions {
  readonly port: number
  readonly apiKey: string
  /** Markdown files, or folders of them. */
  readonly documents: readonly string[]
  /** The path of the MCP endpoint; by default the root, as at Kapa. */
  readonly path?: '/' | '/mcp'
}

export const kapaToolName = 'search_redpanda_knowledge_sources'
/** The only project of the REST API. */
export const kapaProjectId = 'local-kapa-project'

const results = 5
const documentsPath = '/documents/'

/**
 * Starts a small version of Kapa's hosted MCP server and REST API, with its tool, its key and its form of answers. It
 * answers by full-text search in `documents`, and serves them, so that its sources can be opened. `GET /__mock/calls`,
 * `POST /__mock/reset` and `POST /__mock/faults` do over HTTP what the returned object does in process.
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
      return response.end('The Kapa stand-in of the local world, an MCP server. /__mock/calls lists the calls.\n')
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

/** @param search its results are Kapa's chunks; each is a separate text in the answer */
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
