import { type CallToolResult, fromJsonSchema, McpServer, type ServerContext } from '@modelcontextprotocol/server'
import * as v from 'valibot'
import { createMcpEndpoint, type McpCall } from '../mcp/endpoint.ts'
import { mcpFaults } from '../mcp/faults.ts'
import { control, listenOnLoopback, mockControls, pathOf } from '../stand-in.ts'
import { createPages, type Page, type Pages, type PageType, pageTypes } from './pages.ts'

export interface Hub {
  /** The MCP endpoint. */
  readonly url: string
  /** The base of the APIs' pages: `<docsUrl>/admin` is one. */
  readonly docsUrl: string
  /** The calls with all headers. The hub requires no key, so a key in them was sent by mistake. */
  calls(): readonly McpCall[]
  /** Forgets calls and faults. */
  reset(): void
  /** Forgets the sessions, as a server does when it restarts. */
  forgetSessions(): Promise<void>
  readonly faults: HubFaults
  stop(): Promise<void>
}

const hubFaults = v.strictObject({
  ...mcpFaults.entries,
  /** The tool with this name is missing. */
  missingTool: v.optional(v.picklist(['list_pages', 'search', 'get_pages'])),
})
/** How the hub misbehaves. Set and delete members at any time. */
export type HubFaults = v.InferOutput<typeof hubFaults>

const mcpPath = '/mcp'
const docsPath = '/doc'
const mostHits = 20
const mostPages = 10

/** Returns the addresses of a hub on this origin. */
export const hubAddresses = (origin: string) => ({ url: origin + mcpPath, docsUrl: origin + docsPath })

/**
 * Starts a hub of API references like Bump's: an MCP server without a key for a few small APIs, whose pages it also
 * serves. `GET /__mock/calls`, `POST /__mock/reset` and `POST /__mock/faults` do over HTTP what the returned object
 * does in process.
 *
 * @throws Error with `code: 'EADDRINUSE'` if the port is taken
 */
export async function startHub(options: { readonly port: number }): Promise<Hub> {
  const calls: McpCall[] = []
  const faults: HubFaults = {}
  const endpoint = createMcpEndpoint({
    createServer: (work) => createServer(pages, faults.missingTool, work),
    faults,
    record: (call) => void calls.push(call),
  })
  const { reset, controls } = mockControls('calls', calls, faults, hubFaults)
  const listening = await listenOnLoopback(options.port, async (request, response) => {
    if (await control(controls, request, response)) return
    const path = pathOf(request)
    const isPage = request.method === 'GET' && request.headers.accept?.includes('text/html') === true
    if (path === mcpPath && !isPage) return endpoint.handle(request, response)
    const page = pages.get(origin + path)?.content ?? (path === '/' || path === mcpPath ? about : undefined)
    if (page === undefined) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'text/markdown; charset=utf-8' }).end(page)
  })
  const origin = `http://localhost:${listening.port}`
  const { url, docsUrl } = hubAddresses(origin)
  const pages = createPages(docsUrl)
  const stop = async () => {
    await endpoint.close()
    await listening.stop()
  }
  return { url, docsUrl, calls: () => calls, reset, forgetSessions: endpoint.forgetSessions, faults, stop }
}

const about = 'The API-reference hub of the local world, an MCP server. /__mock/calls lists the calls.\n'

function createServer(
  pages: Pages,
  missing: HubFaults['missingTool'],
  work: (context: ServerContext) => Promise<void>,
): McpServer {
  const server = new McpServer({ name: 'hub-stand-in', version: '1.0.0' })
  const tool = <Input>(
    name: NonNullable<HubFaults['missingTool']>,
    description: string,
    inputSchema: Parameters<typeof fromJsonSchema<Input>>[0],
    answer: (input: Input) => object | undefined,
  ) => {
    if (name === missing) return
    server.registerTool(
      name,
      { description, inputSchema: fromJsonSchema<Input>(inputSchema) },
      async (input, context) => {
        await work(context)
        return resultOf(answer(input))
      },
    )
  }
  const url = { type: 'string', description: 'URL of the page of an API, to look only there.' }

  tool<{ url?: string }>(
    'list_pages',
    'Lists the APIs, or the pages of one.',
    { type: 'object', properties: { url } },
    ({ url }) => {
      const data = pages.list(url)?.map(headOf)
      return data && { data }
    },
  )
  tool<{ query: string; url?: string; type?: PageType }>(
    'search',
    `Searches the pages of all APIs or of one; the best ${mostHits}.`,
    {
      type: 'object',
      properties: { query: { type: 'string' }, url, type: { enum: [...pageTypes] } },
      required: ['query'],
    },
    (search) => {
      const hits = pages.search(search)
      return hits && { data: hits.slice(0, mostHits).map(hitOf), total: hits.length }
    },
  )
  tool<{ urls: readonly string[] }>(
    'get_pages',
    `Gives up to ${mostPages} pages whole.`,
    {
      type: 'object',
      properties: { urls: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: mostPages } },
      required: ['urls'],
    },
    ({ urls }) => {
      const data = urls.flatMap((url) => pages.get(url) ?? [])
      return data.length > 0 ? { data } : undefined
    },
  )
  return server
}

const headOf = ({ type, url, title }: Page) => ({ type, url, title })
const hitOf = (page: Page) => ({
  ...headOf(page),
  excerpt: page.content
    .replace(/^#.*\n+/, '')
    .slice(0, 200)
    .trim(),
})

/** Makes an answer with one JSON text. Undefined means that there is no such page. */
function resultOf(found: object | undefined): CallToolResult {
  if (found !== undefined) return { content: [{ type: 'text', text: JSON.stringify(found) }] }
  return { isError: true, content: [{ type: 'text', text: 'No page has this URL.' }] }
}
