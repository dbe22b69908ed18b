import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { CLIENT_INFO_META_KEY, createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server'
import * as v from 'valibot'
import {
  assignAll,
  control,
  headersOf,
  listenOnLoopback,
  misbehave,
  pathOf,
  readBody,
  sendJson,
  takeFault,
} from '../stand-in.ts'
import { type Corpus, openCorpus } from './corpus.ts'
import { type KapaFaults, kapaFaults, misbehaveInCall } from './faults.ts'

export interface Kapa {
  /** The MCP endpoint, at the root as at Kapa. */
  readonly url: string
  calls(): readonly KapaCall[]
  reset(): void
  readonly faults: KapaFaults
  stop(): Promise<void>
}

/** A tool call that came with the right key, recorded when it arrives, whatever is answered. */
export interface KapaCall {
  readonly tool: string
  readonly query: unknown
  /** `_meta.user`: who asks. */
  readonly user: unknown
  /** `{ name, version }` of the MCP client; one of an older protocol says it only when it connects. */
  readonly client: unknown
  /** Without the key. */
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly at: number
}

export interface KapaOptions {
  readonly port: number
  readonly apiKey: string
  /** Markdown files, or folders of them. */
  readonly documents: readonly string[]
}

export const kapaToolName = 'search_redpanda_knowledge_sources'

const results = 5
const documentsPath = '/documents/'

const message = v.object({ method: v.string(), id: v.optional(v.unknown()), params: v.optional(v.looseObject({})) })
const initialize = v.object({ params: v.object({ clientInfo: v.unknown() }) })
const toolCall = v.object({
  id: v.unknown(),
  method: v.literal('tools/call'),
  params: v.object({
    name: v.string(),
    arguments: v.optional(v.object({ query: v.optional(v.unknown()) })),
    _meta: v.optional(v.looseObject({ user: v.optional(v.unknown()) })),
  }),
})

/**
 * Kapa's hosted MCP server, of the size of this machine: its tool, its key, its form of answers, by full-text search over
 * `documents`, which it also serves, so that what it cites can be opened. `GET /__mock/calls`, `POST /__mock/reset` and
 * `POST /__mock/faults` do over HTTP what the handle does in process.
 *
 * @throws Error with `code: 'EADDRINUSE'` if the port is taken, or if `documents` cannot be read
 */
export async function startKapa({ port, apiKey, documents }: KapaOptions): Promise<Kapa> {
  const corpus = openCorpus(documents)
  const calls: KapaCall[] = []
  const faults: KapaFaults = {}
  let connected: unknown

  const reset = () => {
    calls.length = 0
    assignAll(faults, {})
  }
  const controls = {
    'GET /__mock/calls': () => calls,
    'POST /__mock/reset': reset,
    'POST /__mock/faults': (body: unknown) => assignAll(faults, v.parse(kapaFaults, body)),
  }

  /** @returns whether there is nothing left to answer */
  async function observe(body: unknown, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { method } = v.is(message, body) ? body : {}
    if (method === 'initialize' || method === 'server/discover') {
      if (v.is(initialize, body)) connected = body.params.clientInfo
      const fault = takeFault(faults.connect, () => delete faults.connect)
      return fault !== undefined && misbehave(fault, response)
    }
    if (!v.is(toolCall, body)) return false
    const { name, arguments: given, _meta: meta } = body.params
    const { authorization: _, ...headers } = headersOf(request)
    const client = meta?.[CLIENT_INFO_META_KEY] ?? connected
    calls.push({ tool: name, query: given?.query, user: meta?.user, client, headers, at: Date.now() })
    const fault = takeFault(faults.call, () => delete faults.call)
    return fault !== undefined && misbehaveInCall(fault, { id: body.id, saysWho: meta?.user !== undefined }, response)
  }

  const listening = await listenOnLoopback(port, async (request, response) => {
    if (await control(controls, request, response)) return
    const path = pathOf(request)
    if (request.method === 'GET' && path.startsWith(documentsPath)) return sendDocument(corpus, path, response)
    if (path !== '/') return response.writeHead(404).end()
    if (request.method === 'GET' && request.headers.accept?.includes('text/html')) {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
      return response.end('The Kapa stand-in of the local world, an MCP server: /__mock/calls shows what was asked.\n')
    }
    if (!isAuthorized(request, apiKey)) {
      response.setHeader(
        'www-authenticate',
        'Bearer error="invalid_token", error_description="Authentication required"',
      )
      return sendJson(response, 401, { error: 'invalid_token', error_description: 'Authentication required' })
    }
    const body = await readJson(request)
    if (await observe(body, request, response)) return
    const { method = 'GET', url = '/' } = request
    await serve(Object.assign(request, { method, url }), response, body)
  })
  const url = `http://localhost:${listening.port}/`
  const search = (query: string) =>
    corpus.search(query, results).map(({ path, anchor, content }) => {
      const source = new URL(documentsPath + path, url)
      source.hash = anchor
      return { source_url: source.href, content }
    })
  const handler = createMcpHandler(() => createServer(search, faults.toolName ?? kapaToolName))
  const serve = toNodeHandler(handler)
  const stop = async () => {
    await handler.close()
    await listening.stop()
  }
  return { url, calls: () => calls, reset, faults, stop }
}

/** @param search what it finds are Kapa's chunks, each a text of its own in the answer */
function createServer(search: (query: string) => readonly object[], toolName: string): McpServer {
  const server = new McpServer({ name: 'kapa-stand-in', version: '1.0.0' })
  const inputSchema = fromJsonSchema<{ query: string }>({
    type: 'object',
    properties: { query: { type: 'string', description: 'One full sentence.' } },
    required: ['query'],
  })
  const description = 'Searches the documentation and returns the parts that fit the query best.'
  server.registerTool(toolName, { title: 'Search the documentation', description, inputSchema }, ({ query }) => ({
    content: search(query).map((chunk) => ({ type: 'text' as const, text: JSON.stringify(chunk) })),
  }))
  return server
}

function sendDocument(corpus: Corpus, path: string, response: ServerResponse): void {
  const text = corpus.document(path.slice(documentsPath.length))
  if (text === undefined) return void response.writeHead(404).end()
  response.writeHead(200, { 'content-type': 'text/markdown; charset=utf-8' }).end(text)
}

function isAuthorized(request: IncomingMessage, apiKey: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(request.headers.authorization ?? ''), digest(`Bearer ${apiKey}`))
}

/** Undefined if there is no body, or none that is JSON: the MCP server answers that itself. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  try {
    return JSON.parse(await readBody(request))
  } catch {
    return undefined
  }
}
