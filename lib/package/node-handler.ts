import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import type { Caller } from './caller.ts'

export interface NodeHandlerOptions {
  /** The public origin of the server. URLs of requests begin with it, whatever the Host header says. */
  readonly origin: string
  /**
   * How many proxies of yours a request passes. Each of them adds an address to `X-Forwarded-For`, and the last that a caller cannot
   * write is the caller's. Default: 0, and the address is that of the connection.
   */
  readonly proxies?: number
}

/** Answers a request. `undefined`: the path belongs to no handler. */
type Handle = (request: Request, caller: Caller) => Promise<Response | undefined>

/**
 * Makes a listener for Node's `http` server, Express and others of its form. It asks the handlers in their order. If none answers, it
 * calls `next`, or sends 404 where there is none.
 */
export function nodeHandler(
  { origin, proxies = 0 }: NodeHandlerOptions,
  ...handlers: readonly Handle[]
): (incoming: IncomingMessage, outgoing: ServerResponse, next?: (error?: unknown) => void) => void {
  if (URL.parse(origin)?.origin !== origin) throw new TypeError('origin must be such as https://tools.example.com')
  if (!Number.isInteger(proxies) || proxies < 0) throw new TypeError('proxies must be a number of proxies')

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse, next?: () => void): Promise<void> {
    const url = URL.parse(incoming.url ?? '/', origin)
    if (url?.origin !== origin) return void outgoing.writeHead(400).end()
    const gone = new AbortController()
    outgoing.once('close', () => gone.abort())
    const request = requestOf(incoming, url, gone.signal)
    const caller = { address: addressOf(incoming, proxies) }
    for (const handle of handlers) {
      const response = await handle(request, caller)
      if (response) return send(response, outgoing)
    }
    if (next) next()
    else outgoing.writeHead(404).end()
  }

  return (incoming, outgoing, next) => {
    answer(incoming, outgoing, next).catch((error: unknown) => {
      if (outgoing.headersSent || outgoing.destroyed) outgoing.destroy()
      else if (next) next(error)
      else outgoing.writeHead(500).end()
    })
  }
}

function requestOf(incoming: IncomingMessage, url: URL, signal: AbortSignal): Request {
  const { method = 'GET' } = incoming
  const headers = new Headers()
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] ?? '', incoming.rawHeaders[i + 1] ?? '')
  }
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const body = hasBody ? { body: bodyOf(incoming), duplex: 'half' as const } : {}
  return new Request(url, { method, headers, signal, ...body })
}

/** The body. It is not touched until a handler reads it, so that `next` can. */
function bodyOf(incoming: IncomingMessage): globalThis.ReadableStream<Uint8Array> {
  let reader: globalThis.ReadableStreamDefaultReader<Uint8Array> | undefined
  return new globalThis.ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        reader ??= (Readable.toWeb(incoming) as globalThis.ReadableStream<Uint8Array>).getReader()
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

/**
 * The address of the caller: that of the connection, or the last that a proxy of the operator has seen. A request that has not passed
 * the proxies has none from them. It counts by its connection, because a caller without an address would have no limits.
 */
function addressOf({ headers, socket }: IncomingMessage, proxies: number): string | undefined {
  if (proxies === 0) return socket.remoteAddress
  const seen = String(headers['x-forwarded-for'] ?? '').split(',')
  return seen.at(-proxies)?.trim() || socket.remoteAddress
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  const headers = [...response.headers].filter(([name]) => name !== 'set-cookie').flat()
  const cookies = response.headers.getSetCookie().flatMap((cookie) => ['set-cookie', cookie])
  outgoing.writeHead(response.status, [...headers, ...cookies])
  if (response.body === null) return void outgoing.end()
  await pipeline(Readable.fromWeb(response.body as ReadableStream), outgoing)
}
