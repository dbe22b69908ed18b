import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

/** A page of 1,000 keys of 600 bytes each is the longest answer that we ask for. */
const maximumBytes = 4 * 1024 * 1024

/** A connection left open for longer may be dead after a function was frozen and thawed. undici's default, too. */
const idleTimeout = 4_000
const agents = {
  'http:': new HttpAgent({ keepAlive: true, timeout: idleTimeout }),
  'https:': new HttpsAgent({ keepAlive: true, timeout: idleTimeout }),
}

/** How one request ended. Status 0: no whole answer came, and the request may or may not have taken effect. */
export interface Exchange {
  readonly status: number
  readonly etag: string | undefined
  readonly text: string
}

const noAnswer: Exchange = { status: 0, etag: undefined, text: '' }

/**
 * A `fetch` for the Blobs client over kept-alive connections of node:http, which takes less CPU than the global one.
 * It never throws. What the client would retry after 5 s of sleep becomes a 424, which the client passes on at once (O-05).
 * `observe` is called once for each request, with what really happened.
 *
 * It asks for no compression: a gateway that compresses weakens the ETag. Only `observe` gets the body: a `Response` with
 * a body costs twice as much as one without.
 *
 * @param signal the request's deadline: when it fires, the connection is closed and the answer is a 424
 * @param attemptTimeout milliseconds for one request, body included
 */
export function createHttpFetch(
  signal: AbortSignal,
  attemptTimeout: number,
  observe: (exchange: Exchange) => void,
): typeof fetch {
  return async (input, init) => {
    try {
      const exchange = await exchangeOnce(input, init, signal, attemptTimeout)
      const response = toResponse(exchange)
      observe(exchange)
      return response
    } catch {
      observe(noAnswer)
      return toResponse(noAnswer)
    }
  }
}

function toResponse({ status, etag }: Exchange): Response {
  const passedOn = (status >= 200 && status < 300) || status === 404 || status === 412
  return new Response(null, passedOn ? { status, headers: etag === undefined ? {} : { etag } } : { status: 424 })
}

async function exchangeOnce(
  input: string | URL | Request,
  init: RequestInit | undefined,
  signal: AbortSignal,
  attemptTimeout: number,
): Promise<Exchange> {
  const url = new URL(input instanceof Request ? input.url : input)
  const { method = 'GET', headers = {}, body } = init ?? {}
  // The client sends text and plain records. Accepting anything else would double the cost.
  if (Symbol.iterator in headers || (body != null && typeof body !== 'string')) return noAnswer
  if (signal.aborted) return noAnswer
  const options = { method, headers }

  return new Promise((resolve) => {
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, agent: agents['https:'] })
        : httpRequest(url, { ...options, agent: agents['http:'] })
    const finish = (exchange: Exchange) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
      resolve(exchange)
    }
    const giveUp = () => {
      request.destroy()
      finish(noAnswer)
    }
    const timer = setTimeout(giveUp, attemptTimeout)
    signal.addEventListener('abort', giveUp)
    request.on('error', giveUp)
    request.on('response', (response) => readAll(response, finish, giveUp))
    request.end(body ?? undefined)
  })
}

function readAll(response: IncomingMessage, finish: (exchange: Exchange) => void, giveUp: () => void): void {
  const chunks: Buffer[] = []
  let size = 0
  response.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > maximumBytes) giveUp()
    else chunks.push(chunk)
  })
  response.on('end', () => {
    finish({ status: response.statusCode ?? 0, etag: response.headers.etag, text: Buffer.concat(chunks).toString() })
  })
  response.on('error', giveUp) // also when the connection closes before the end of the body
}
