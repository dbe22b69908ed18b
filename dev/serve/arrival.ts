import type { IncomingMessage } from 'node:http'
import { aboutPaths } from '../../lib/oauth/capabilities.ts'
import { peerOf, urlOf } from '../host/arrival.ts'
import type { Arrival, EarlyAnswer } from '../host/invoke.ts'
import { clientAddress, type Proxies } from './proxies.ts'

export interface Surroundings {
  /** `MCP_OAUTH_ISSUER`. */
  readonly issuer: string
  readonly proxies: Proxies
  /** Whether the container is about to stop. */
  readonly isLeaving: () => boolean
}

/**
 * Says how a request has reached the container. TLS ends at the load balancer, so the scheme is the issuer's. A request
 * that a trusted proxy received without TLS gets no further.
 */
export function arriveAt(
  request: IncomingMessage,
  { issuer, proxies, isLeaving }: Surroundings,
): Arrival | EarlyAnswer {
  const own = new URL(issuer)
  const url = urlOf(request, own.protocol === 'http:' ? 'http:' : 'https:')
  if (!url) return { status: 400, text: 'Bad Request' }
  // On Netlify, only the platform can call a scheduled function.
  if (url.pathname.startsWith('/.netlify/')) return { status: 404, text: 'Not Found' }
  const peer = peerOf(request)
  const address = clientAddress(peer, request.headersDistinct['x-forwarded-for'] ?? [], proxies)
  if (url.pathname === aboutPaths.health || url.pathname === aboutPaths.readiness) {
    if (isLeaving() && url.pathname === aboutPaths.readiness) return { status: 503, text: 'Leaving' }
    // Load balancers ask for the address of the container, and many cannot send another `Host`.
    return { url: new URL(`${issuer}${url.pathname}`), address }
  }
  if (own.protocol === 'https:' && proxies.has(peer) && schemeOf(request) === 'http') {
    const isPage = request.method === 'GET' || request.method === 'HEAD'
    if (!isPage) return { status: 403, text: 'Use https' }
    return { status: 308, text: 'Use https', headers: { location: `${issuer}${url.pathname}${url.search}` } }
  }
  return { url, address }
}

/** The scheme of the request as the nearest proxy received it: the last value, since each proxy adds its own. */
const schemeOf = ({ headersDistinct }: IncomingMessage): string | undefined =>
  headersDistinct['x-forwarded-proto']?.join(',').split(',').at(-1)?.trim().toLowerCase()
