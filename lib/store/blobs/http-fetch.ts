import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { urlToHttpOptions } from 'node:url'

/**
 * UTF-16 units of the longest answer that a request can have. A page of 1,000 keys of 600 bytes each is shorter, and the record of ten
 * minutes of usage has 4 million for 100,000 calls.
 */
const maximumLength = 16 * 1024 * 1024

/**
 * Milliseconds for which an idle connection is kept, the default of undici too. An older one may be dead, since the
 * platform freezes a function between its requests.
 */
const idleTimeout = 4_000
const agents = {
  http: new HttpAgent({ keepAlive: true, timeout: idleTimeout }),
  https: new HttpsAgent({ keepAlive: true, timeout: idleTimeout }),
}

/** The outcome of one request. Status 0: no whole answer came, so that the request may or may not have taken effect. */
export interface Exchange {
  readonly status: number
  readonly etag: string | undefined
  readonly text: string
}

/** One operation of the client, and the outcome of its request. */
export interface Operation {
  /** The deadline. When it fires, the connection is closed. */
  readonly signal: AbortSignal
  /** The page of a list to begin at. The client has no parameter for it. */
  readonly cursor?: string | undefined
  exchange?: Exchange
}

const noAnswer: Exchange = { status: 0, etag: undefined, text: '' }

/**
 * Makes a `fetch` for the Blobs client. It uses kept-alive connections of node:http, at less CPU than the global one.
 *
 * It never throws. The client would repeat some requests by itself and sleep for 5 s before each (O-05), so that this
 * `fetch` turns their answers into a 424, which the client passes on at once. The real outcome goes to the operation.
 *
 * It asks for no compression, since a gateway that compresses weakens the ETag. The answer for the client has no body,
 * and is not a `Response` either: to make one takes as long as the rest of a request.
 *
 * @param operation returns the operation that the client is at
 * @param attemptTimeout milliseconds for one request, body included
 */
export function createHttpFetch(operation: () => Operation, attemptTimeout: number): typeof fetch {
  const targetOf = createTargets()
  // What this returns is checked to be part of a `Response`.
  function httpFetch(...request: Parameters<typeof fetch>): Promise<Response>
  async function httpFetch(...[input, init]: Parameters<typeof fetch>): Promise<Answer> {
    const current = operation()
    const url = withCursor(input instanceof Request ? input.url : String(input), current.cursor)
    current.exchange = await exchangeOnce(targetOf(url), init, current.signal, attemptTimeout).catch(() => noAnswer)
    return answerOf(current.exchange)
  }
  return httpFetch
}

function withCursor(text: string, cursor: string | undefined): string {
  if (cursor === undefined) return text
  const url = new URL(text)
  url.searchParams.set('cursor', cursor)
  return url.href
}

/** The members of a `Response` that the client reads: `json` of a list, `clone` and `text` of an error. */
interface Answer {
  readonly status: number
  readonly headers: { get(name: string): string | null; has(name: string): boolean }
  clone(): Answer
  text(): Promise<string>
  json(): Promise<unknown>
}

function answerOf({ status, etag, text }: Exchange): Answer {
  const isPassedOn = (status >= 200 && status < 300) || status === 404 || status === 412
  const tag = isPassedOn && etag !== undefined ? etag : null
  const answer: Answer = {
    status: isPassedOn ? status : 424,
    headers: { get: (name) => (name === 'etag' ? tag : null), has: () => false },
    clone: () => answer,
    text: async () => '',
    json: async () => JSON.parse(text),
  }
  return answer
}

interface Target {
  readonly isSecure: boolean
  readonly options: RequestOptions
}

/** Reads URLs. It parses an origin only once, since all requests of a store go to the same one. */
function createTargets(): (url: string) => Target {
  let known = { origin: ' ', isSecure: false, options: {} }
  return (url) => {
    if (!url.startsWith(`${known.origin}/`)) {
      const { origin, protocol } = new URL(url)
      const isSecure = protocol === 'https:'
      known = {
        origin,
        isSecure,
        options: { ...urlToHttpOptions(new URL(origin)), agent: isSecure ? agents.https : agents.http },
      }
    }
    return { isSecure: known.isSecure, options: { ...known.options, path: url.slice(known.origin.length) } }
  }
}

async function exchangeOnce(
  { isSecure, options }: Target,
  init: RequestInit | undefined,
  signal: AbortSignal,
  attemptTimeout: number,
): Promise<Exchange> {
  const { method = 'GET', headers = {}, body } = init ?? {}
  // The client sends texts and plain records. To take anything else would double the cost of these.
  if (Symbol.iterator in headers || (body != null && typeof body !== 'string')) return noAnswer
  if (signal.aborted) return noAnswer

  return new Promise((resolve) => {
    const request = (isSecure ? httpsRequest : httpRequest)({ ...options, method, headers })
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

/** Decodes each piece as it comes: kept as bytes until the end, a long answer would be in memory three times. */
function readAll(response: IncomingMessage, finish: (exchange: Exchange) => void, giveUp: () => void): void {
  let text = ''
  response.setEncoding('utf8')
  response.on('data', (piece: string) => {
    text += piece
    if (text.length > maximumLength) giveUp()
  })
  response.on('end', () => finish({ status: response.statusCode ?? 0, etag: response.headers.etag, text }))
  response.on('error', giveUp) // The connection may also close before the end of the body.
}
