import { once } from 'node:events'
import { createServer, type Server } from 'node:http'

/** Listens on this machine for the answer to a sign-in, as native applications do (RFC 8252 §7.3). */
export interface LoopbackListener {
  readonly redirectUri: string
  /** Returns the parameters of the answer, or `null` if none comes in that time. */
  answer(milliseconds: number): Promise<URLSearchParams | null>
  close(): void
}

/**
 * Opens a port of its own, and answers only the path of the callback. Any page in any browser on this machine can send requests here,
 * so that those of another sign-in should not count: with a `state`, the listener goes on.
 *
 * @param words what the page says to the user
 * @param state the `state` of the sign-in. Absent: the caller judges the first answer, whatever it is
 */
export async function listenOnLoopback(words: string, state?: string): Promise<LoopbackListener> {
  const { promise, resolve } = Promise.withResolvers<URLSearchParams>()
  const page = `<!doctype html><title>Done</title><h1>Done</h1><p>${words} You can close this page.</p>`
  const server: Server = createServer((request, response) => {
    const url = URL.parse(request.url ?? '/', 'http://127.0.0.1')
    const isCallback = url?.pathname === '/callback' && request.method === 'GET'
    if (!isCallback || (state !== undefined && url.searchParams.get('state') !== state))
      return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', connection: 'close' }).end(page)
    resolve(url.searchParams)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  return {
    redirectUri: `http://127.0.0.1:${address.port}/callback`,
    async answer(milliseconds) {
      const late = Promise.withResolvers<null>()
      const timer = setTimeout(() => late.resolve(null), milliseconds)
      return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer))
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
