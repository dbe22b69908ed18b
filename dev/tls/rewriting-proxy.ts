import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { setTimeout } from 'node:timers/promises'
import type { SecureContextOptions } from 'node:tls'

/** An answer on its way through the proxy. Members may be changed. */
export interface Passing {
  status: number
  /** Names in lower case. A list is sent as several headers. */
  headers: Record<string, string | string[]>
  /** Of a binary body, the bytes as Latin-1, if `binary` is set. */
  body: string
  binary?: boolean
}

/** What the proxy does to a request. Absent members change nothing. */
export interface Rewriting {
  /** Answers in place of the service. */
  readonly answer?: (request: IncomingMessage) => Partial<Passing> | undefined
  /** Changes the headers of the request before it is passed on. */
  readonly request?: (headers: Record<string, string | string[] | undefined>, path: string) => void
  /** At which paths `change` changes the answer; by default at all. The answers of other paths are passed on as they come. */
  readonly changes?: (path: string) => boolean
  /** Changes an answer, which is collected first. */
  readonly change?: (answer: Passing, request: IncomingMessage) => void
  /** Where the request goes: the port of a function host. */
  readonly port?: (request: IncomingMessage) => number
  /** Milliseconds before a request to a path is passed on. */
  readonly delay?: (path: string) => number
}

export interface RewritingProxy {
  /** The port that speaks TLS, and the one that redirects there from http. */
  readonly ports: { readonly https: number; readonly http: number }
  rewriting: Rewriting
  /** What the port for http does; by default it redirects to https. */
  plain: 'redirects' | 'serves'
  stop(): Promise<void>
}

/** A proxy before the functions, as a CDN is: ends TLS, keeps the host, and passes everything on, but for one fault. */
export async function startRewritingProxy(options: {
  readonly tls: SecureContextOptions
  /** The port of the function host. */
  readonly target: number
}): Promise<RewritingProxy> {
  const proxy = { rewriting: {} as Rewriting, plain: 'redirects' as RewritingProxy['plain'] }
  const handle = (incoming: IncomingMessage, response: ServerResponse) => {
    forward(incoming, response, proxy.rewriting, options.target).catch(() => response.destroy())
  }
  const secure = createHttpsServer(options.tls, handle)
  const plain = createHttpServer((incoming, response) => {
    if (proxy.plain === 'serves') return handle(incoming, response)
    response.writeHead(301, { location: `https://${incoming.headers.host}${incoming.url}` }).end()
  })
  const listening = [secure, plain].map((server) => once(server.listen(0, '127.0.0.1'), 'listening'))
  await Promise.all(listening)
  const portOf = (server: typeof secure | typeof plain) => {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no TCP address')
    return address.port
  }
  return Object.assign(proxy, {
    ports: { https: portOf(secure), http: portOf(plain) },
    async stop() {
      for (const server of [secure, plain]) {
        server.close()
        server.closeAllConnections()
      }
    },
  })
}

async function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  { answer, request: changeRequest, changes, change, port, delay }: Rewriting,
  target: number,
): Promise<void> {
  const path = (incoming.url ?? '/').replace(/\?.*$/, '')
  const own = answer?.(incoming)
  if (own) {
    incoming.resume()
    return void response.writeHead(own.status ?? 200, own.headers ?? {}).end(own.body ?? '')
  }
  if (delay) await setTimeout(delay(path))
  const headers: Record<string, string | string[] | undefined> = { ...incoming.headers }
  changeRequest?.(headers, path)
  const sent = { ...headers }
  for (const name of Object.keys(sent)) if (sent[name] === undefined) delete sent[name]
  const outgoing = request({
    ...{ host: '127.0.0.1', port: port?.(incoming) ?? target, method: incoming.method, path: incoming.url },
    headers: sent,
    agent: false,
  })
  incoming.pipe(outgoing)
  const [received] = (await once(outgoing, 'response')) as [IncomingMessage]
  const { 'transfer-encoding': _, connection: __, ...kept } = received.headers
  const passing: Passing = { status: received.statusCode ?? 0, headers: definedOf(kept), body: '' }
  if (change === undefined || changes?.(path) === false) {
    response.writeHead(passing.status, passing.headers)
    response.flushHeaders()
    return void received.pipe(response)
  }
  const chunks: Buffer[] = []
  for await (const chunk of received) chunks.push(chunk)
  passing.body = Buffer.concat(chunks).toString()
  delete passing.headers['content-length']
  change(passing, incoming)
  response.writeHead(passing.status, passing.headers).end(passing.body, passing.binary ? 'latin1' : 'utf8')
}

const definedOf = (headers: IncomingMessage['headers']): Record<string, string | string[]> =>
  Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
