import { beforeEach } from 'vitest'
import { type AnswerService, createKapa, type KapaOptions } from '../../lib/answers/kapa.ts'
import { forTests } from './for-tests.ts'
import { type LogLine, type SearchServer, searchTool, startSearchServer } from './mcp-endpoint.ts'
import { recorded } from './recording.ts'

export const user = { email: 'ada@example.org', company_name: 'Analytical Engines' }

export type Respond = (request: Request) => Response | Promise<Response>

export interface KapaWorld {
  readonly searchServer: SearchServer
  readonly lines: LogLine[]
  createKapa(changes?: Partial<KapaOptions>): AnswerService
  /** Answers the first `times` tool calls (or messages of `method`) in place of the server. */
  failing(times: number, respond: Respond, method?: string): void
  callsTried(): number
  handshakes(): number
}

/** Sets up the tests of a file: a search server that can be made to fail, and Kapa clients for it. Each test begins anew. */
export function kapaForTests(): KapaWorld {
  const server = forTests(startSearchServer, ({ stop }) => stop())
  const lines: LogLine[] = []
  const arrivals = (method: string) => server().methods.filter((arrived) => arrived === method).length
  beforeEach(() => {
    const searchServer = server()
    searchServer.intercept = undefined
    searchServer.answer = answerNormally
    searchServer.calls.length = 0
    searchServer.methods.length = 0
    lines.length = 0
  })
  return {
    get searchServer() {
      return server()
    },
    lines,
    createKapa: (changes = {}) =>
      createKapa({
        url: server().url,
        apiKey: 'kapa-key',
        toolName: searchTool,
        client: { name: 'docs-proxy', version: '1.2.3' },
        // Longer than a busy machine takes for any call. A test of a timeout sets its own.
        connectTimeout: 60_000,
        callTimeout: 60_000,
        totalTimeout: 120_000,
        log: recorded((event, fields) => lines.push({ event, ...fields })),
        ...changes,
      }),
    failing(times, respond, method = 'tools/call') {
      let left = times
      server().intercept = (arrived, request) => {
        if (arrived !== method || left === 0) return undefined
        left -= 1
        return respond(request)
      }
    },
    callsTried: () => arrivals('tools/call'),
    handshakes: () => arrivals('initialize'),
  }
}

export const answerNormally: SearchServer['answer'] = async (query) => ({
  content: [{ type: 'text', text: `about ${query}` }],
})

/** The answer of `answerNormally` to the question `how?`. */
export const answered = { kind: 'answer', result: { content: [{ type: 'text', text: 'about how?' }] } }

export const rpcError = (status: number, message: string) => () =>
  Response.json({ jsonrpc: '2.0', id: null, error: { code: -32602, message } }, { status })

export const rpcResult = (result: object) => Response.json({ jsonrpc: '2.0', id: 1, result })

/** Answers only after the client has disconnected. */
export function never(request: Request): Promise<Response> {
  return new Promise((resolve) => {
    request.signal.addEventListener('abort', () => resolve(new Response(null, { status: 503 })))
  })
}

export function eventStream(text: string, end: 'open' | 'closed' | 'broken' = 'closed'): Response {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text))
      if (end === 'broken') controller.error(new Error('broken'))
      if (end === 'closed') controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}
