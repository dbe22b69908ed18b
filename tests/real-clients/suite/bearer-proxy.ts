import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'

export interface BearerProxy {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  stop(): Promise<void>
}

/**
 * Adds the token that the suite cannot send. The proxy replaces its own name in `Host` and `Origin` with the target's.
 * Other names pass unchanged, for the suite's check of DNS rebinding. A request of another origin gets no token: the
 * server would accept it with one, because no browser adds a token by itself.
 */
export async function startBearerProxy(target: string, accessToken: string): Promise<BearerProxy> {
  const server = createServer((incoming, answer) => {
    const headers = { ...incoming.headers }
    if (headers.host === new URL(origin).host) headers.host = new URL(target).host
    if (headers.origin === origin) headers.origin = target
    const { hostname } = new URL(headers.origin ?? target)
    if (['localhost', '127.0.0.1'].includes(hostname)) headers.authorization = `Bearer ${accessToken}`
    const outgoing = httpRequest(`${target}${incoming.url}`, { method: incoming.method, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.rawHeaders)
      answered.pipe(answer)
    })
    outgoing.on('error', () => answer.destroy())
    answer.on('close', () => outgoing.destroy())
    incoming.pipe(outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const origin = `http://127.0.0.1:${address.port}`
  return {
    origin,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
