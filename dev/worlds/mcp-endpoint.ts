import { createServer } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server'
import {
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose'
import { createKapa } from '../../lib/answers/kapa.ts'
import type { LogFields } from '../../lib/base/log.ts'
import { createMcpEndpoint, type McpCall, type McpEndpointOptions } from '../../lib/mcp/endpoint.ts'
import type { Access } from '../../lib/mcp/tools/access.ts'
import { askQuestion } from '../../lib/mcp/tools/ask-question.ts'
import { defineTool } from '../../lib/mcp/tools/define-tool.ts'
import { success } from '../../lib/mcp/tools/success.ts'
import type { Tool } from '../../lib/mcp/tools/tool.ts'
import type { AccessToken } from '../../lib/resource-server/bearer.ts'
import { recorded } from './recording.ts'
import { keepSecret } from './secrets.ts'

/** For tests of `/mcp`: keys, tokens, an MCP server with a search tool on loopback, and an endpoint that uses both. */

export const issuer = 'https://docs.example.com'
export const resource = `${issuer}/mcp`
export const resourceMetadataUrl = `${issuer}/.well-known/oauth-protected-resource/mcp`

export interface SigningKey {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly publicJwk: JSONWebKeySet['keys'][number]
}

export async function createSigningKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } }
}

/** The payload of a valid token. `changes` break it; `undefined` removes a claim. */
export function claims(now: number, changes: Readonly<Record<string, unknown>> = {}): JWTPayload {
  const iat = Math.floor(now / 1000)
  return {
    iss: issuer,
    aud: resource,
    sub: 'user-1',
    client_id: 'client-1',
    scope: 'docs:read docs:feedback',
    email: 'ada@example.org',
    email_verified: true,
    org_id: 'org-1',
    org_name: 'Analytical Engines',
    grant: 'grants/202611/user-1/grant-1',
    jti: crypto.randomUUID(),
    iat,
    exp: iat + 3600,
    ...changes,
  }
}

export async function sign(
  key: SigningKey,
  payload: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  const token = await new SignJWT(payload)
    .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: key.kid, ...header })
    .sign(key.privateKey)
  keepSecret(token)
  return token
}

export interface Served {
  readonly url: string
  stop(): Promise<void>
}

/** Serves a web-standard handler on a free port of 127.0.0.1. */
export async function serve(fetch: (request: Request) => Promise<Response>): Promise<Served> {
  const handler = toNodeHandler({ fetch })
  const server = createServer((request, response) => {
    const { method = 'GET', url = '/' } = request
    void handler(Object.assign(request, { method, url }), response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export interface RecordedSearch {
  readonly query: string
  readonly meta: Readonly<Record<string, unknown>> | undefined
  readonly authorization: string | null
}

export interface SearchServer extends Served {
  readonly calls: RecordedSearch[]
  /** The JSON-RPC methods that arrived, in order. */
  readonly methods: string[]
  /** Answers instead of the server if it returns a response. `method` is that of the message. */
  intercept: ((method: string, request: Request) => Promise<Response> | Response | undefined) | undefined
  /** The answer of the tool. */
  answer: (query: string) => Promise<{ content: { type: 'text'; text: string }[]; isError?: boolean }>
}

export const searchTool = 'search_knowledge_sources'

/** Starts an MCP server with one search tool, like Kapa's. */
export async function startSearchServer(): Promise<SearchServer> {
  const echo: SearchServer['answer'] = async (query) => ({ content: [{ type: 'text', text: `about ${query}` }] })
  const handler = createMcpHandler((context) => {
    const server = new McpServer({ name: 'searchServer', version: '1.0.0' })
    const inputSchema = fromJsonSchema<{ query: string }>({
      type: 'object',
      properties: { query: { type: 'string' } },
      required: ['query'],
    })
    server.registerTool(searchTool, { inputSchema }, async ({ query }, { mcpReq }) => {
      const authorization = context.requestInfo?.headers.get('authorization') ?? null
      searchServer.calls.push({ query, meta: mcpReq._meta, authorization })
      return searchServer.answer(query)
    })
    return server
  })
  const served = await serve(async (request) => {
    const message: unknown = await request.clone().json()
    const method = isMessage(message) ? message.method : ''
    searchServer.methods.push(method)
    return (await searchServer.intercept?.(method, request)) ?? handler.fetch(request)
  })
  const searchServer: SearchServer = { ...served, calls: [], methods: [], intercept: undefined, answer: echo }
  return searchServer
}

function isMessage(value: unknown): value is { method: string } {
  return typeof value === 'object' && value !== null && 'method' in value && typeof value.method === 'string'
}

/** A tool that takes anything. `run` is called with the token of the caller, and returns what the tool answers. */
export const testTool = (
  name: string,
  access: Access,
  run: (token: AccessToken | undefined) => object = () => ({}),
): Tool =>
  defineTool({
    name,
    title: name,
    description: name,
    access,
    hints: { readOnlyHint: true, openWorldHint: false },
    input: { type: 'object' },
    output: { type: 'object' },
    run: (_input, { token }) => success({ ...run(token) }),
  })

export interface LogLine extends LogFields {
  readonly event: string
}

/** An endpoint over `keys` and `searchServer`, and what it logged. `changes` override its options. */
export function createTestEndpoint(
  keys: readonly SigningKey[],
  searchServer: { readonly url: string },
  changes: Partial<McpEndpointOptions> = {},
) {
  const lines: LogLine[] = []
  const log = recorded((event, fields) => lines.push({ event, ...fields }))
  const endpoint = createMcpEndpoint({
    issuer,
    resource,
    resourceMetadataUrl,
    documentationUrl: `${issuer}/connect`,
    requireAuth: true,
    publicKeys: async () => ({ keys: keys.map((key) => key.publicJwk) }),
    grantStatus: async () => 'live',
    limits: {},
    tools: [
      askQuestion({
        name: 'ask_question',
        title: 'Ask',
        description: 'Asks the documentation.',
        access: { signIn: 'if required', scopes: ['docs:read'] },
        answerService: createKapa({
          url: searchServer.url,
          apiKey: 'kapa-key',
          toolName: searchTool,
          client: { name: 'docs-proxy', version: '1.2.3' },
          log,
        }),
      }),
    ],
    lazyAuth: false,
    signInScopes: [],
    requireWorkEmail: false,
    serverInfo: { name: 'docs', version: '1.2.3', instructions: 'Ask about the product.' },
    allowedOrigins: ['https://app.example.org'],
    log,
    ...changes,
  })
  const work: Promise<unknown>[] = []
  return {
    lines,
    fetch: (request: Request, signal?: AbortSignal, address?: string) =>
      endpoint.fetch(
        request,
        createCall((after) => work.push(after), signal, address),
      ),
    /** Settles with all work that goes on after an answer. */
    settled: () => Promise.allSettled(work),
  }
}

function createCall(
  waitUntil: (work: Promise<unknown>) => void,
  signal: AbortSignal = new AbortController().signal,
  address = '203.0.113.7',
): McpCall {
  return { signal, requestId: 'request-1', address, waitUntil }
}
