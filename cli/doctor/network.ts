import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'

/** A request, which is sent exactly as given. */
export interface Ask {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'OPTIONS'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Whether to open a new connection, which may lead to another instance. */
  readonly apart?: boolean
}

export interface Answer {
  /** The request, for a report: method and URL without its query. */
  readonly request: string
  readonly url: string
  readonly status: number
  readonly headers: Headers
  /** The names of headers that came more than once. */
  readonly doubled: ReadonlySet<string>
  readonly text: string
  /** Milliseconds until the headers came. */
  readonly milliseconds: number
  /** How far the clock of its `Date` header is ahead of this machine's, in milliseconds. */
  readonly clock: number | undefined
  /** Milliseconds, after the headers, of each piece of the body. */
  readonly pieces: readonly number[]
}

/** There was no answer. `reason`: Node's error code, or `timeout`. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  readonly reason: string

  constructor(request: string, reason: string) {
    super(`${request} got no answer (${reason})`)
    this.reason = reason
  }
}

/** The check would send more requests than it promises. This is a bug in the check, and the request is not sent. */
export class TooManyRequests extends Error {
  override readonly name = 'TooManyRequests'
}

export interface NetworkOptions {
  /** The most requests, all together. */
  readonly most: number
  /** Milliseconds for one request. */
  readonly timeout: number
  /** Certificates to trust beside those of this machine. */
  readonly ca?: readonly string[]
  /** Where to connect to; tests lead addresses that do not exist to this machine. */
  readonly connect?: (url: URL) => { readonly host: string; readonly port: number } | undefined
}

/** Sends the requests of a check. Follows no redirect. */
export interface Network {
  /** Throws `NoAnswer` and `TooManyRequests`. */
  send(ask: Ask): Promise<Answer>
  /** From now on, certificates that this machine does not trust are accepted, so that the other checks can go on. */
  trustAnybody(): void
  readonly trusted: boolean
  /** How many requests were sent. */
  readonly sent: number
  close(): void
}

/** Bytes of an answer that are read. No answer of this service is that long. */
const longest = 512 * 1024

export function createNetwork({ most, timeout, ca, connect }: NetworkOptions): Network {
  const [plain, secure] = [new HttpAgent({ keepAlive: true, maxSockets: 4 }), new HttpsAgent({ keepAlive: true, maxSockets: 4 })] // biome-ignore format: one line
  let sent = 0
  let trusted = true

  async function send({ url: address, method = 'GET', headers = {}, body, apart = false }: Ask): Promise<Answer> {
    if (sent >= most) throw new TooManyRequests(`a check sends at most ${most} requests`)
    sent += 1
    const url = new URL(address)
    const named = `${method} ${url.origin}${url.pathname}`
    const isSecure = url.protocol === 'https:'
    const began = performance.now()
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const signal = AbortSignal.timeout(timeout)
    const place = connect?.(url)
    const outgoing = (isSecure ? httpsRequest : httpRequest)({
      host: place?.host ?? url.hostname.replace(/^\[|\]$/g, ''),
      port: place?.port ?? (url.port || (isSecure ? 443 : 80)),
      path: url.pathname + url.search,
      method,
      // The `Host` header keeps its capital letters.
      headers: { host: hostAsWritten(address), 'accept-encoding': 'identity', ...headers },
      agent: apart ? false : isSecure ? secure : plain,
      signal,
      ...(isSecure && { servername: url.hostname, rejectUnauthorized: trusted, ...(ca && { ca: [...ca] }) }),
    })
    outgoing.on('response', resolve).on('error', reject).end(body)
    try {
      const incoming = await promise
      const milliseconds = performance.now() - began
      const date = Date.parse(incoming.headers.date ?? '')
      const clock = Number.isNaN(date) ? undefined : date - Date.now()
      const pieces: number[] = []
      const chunks: Buffer[] = []
      let bytes = 0
      for await (const chunk of incoming) {
        pieces.push(performance.now() - began - milliseconds)
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > longest) break
      }
      const { headers: read, doubled } = headersOf(incoming)
      const text = decoded(Buffer.concat(chunks), read.get('content-encoding'))
      return { request: named, url: url.href, status: incoming.statusCode ?? 0, headers: read, doubled, text, milliseconds, clock, pieces } // biome-ignore format: one line
    } catch (error) {
      throw new NoAnswer(named, signal.aborted ? 'timeout' : reasonOf(error))
    }
  }

  return {
    send,
    trustAnybody() {
      trusted = false
    },
    get trusted() {
      return trusted
    },
    get sent() {
      return sent
    },
    close() {
      plain.destroy()
      secure.destroy()
    },
  }
}

const hostAsWritten = (address: string) => /^[a-z]+:\/\/([^/?#]+)/i.exec(address)?.[1] ?? ''

function headersOf({ headersDistinct }: IncomingMessage) {
  const headers = new Headers()
  const doubled = new Set<string>()
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    if (values.length > 1) doubled.add(name)
    for (const value of values) headers.append(name, value)
  }
  return { headers, doubled }
}

/** Reads a body that was compressed although the request did not allow it, so that the other checks can go on. */
function decoded(body: Buffer, encoding: string | null): string {
  const decoder = decoders.get((encoding ?? '').toLowerCase())
  try {
    return (decoder ? decoder(body) : body).toString()
  } catch {
    return body.toString()
  }
}
const decoders: ReadonlyMap<string, (body: Buffer) => Buffer> = new Map([
  ['gzip', gunzipSync],
  ['br', brotliDecompressSync],
  ['deflate', inflateSync],
])

/** Node's own error code, or the name of the error. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const [first] = error instanceof AggregateError ? error.errors : [error]
  return first instanceof Error && 'code' in first && typeof first.code === 'string' ? first.code : error.name
}
