import type { IncomingMessage } from 'node:http'
import type { Arrival, Caller } from './invoke.ts'

/** Returns the network address of the other end of the connection. */
export const peerOf = ({ socket }: IncomingMessage): string => (socket.remoteAddress ?? '').replace(/^::ffff:/, '')

/** Returns the URL with the caller's real `Host`, which decides which endpoints answer. Null if there is none. */
export function urlOf(request: IncomingMessage, protocol: 'http:' | 'https:'): URL | null {
  const { host } = request.headers
  if (!host || !/^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i.test(host)) return null
  return request.url?.startsWith('/') ? URL.parse(`${protocol}//${host}${request.url}`) : null
}

/** Returns what a function learns about the caller of a request. */
export function callerOf(request: IncomingMessage, { url, address }: Arrival): Caller {
  const headers: Record<string, string> = {}
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    // Only the platform may set these headers.
    if (values && !name.startsWith('x-nf-')) headers[name] = values.join(name === 'cookie' ? '; ' : ', ')
  }
  return { url, address, method: request.method ?? 'GET', headers }
}
