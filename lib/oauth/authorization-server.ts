import type { Call } from '../base/call.ts'
import type { Log } from '../base/log.ts'
import { TooManyRequests } from './authorization/checks.ts'
import { requireNavigation } from './authorization/navigation.ts'
import { absentPaths, legacyPaths, paths, type Scope, scopes, withSlash } from './capabilities.ts'
import { authorizationServerMetadata, protectedResourceMetadata } from './discovery.ts'
import { type FlowOptions, flowEndpoints, type Handler, unconfigured } from './endpoints.ts'
import { OAuthError } from './errors.ts'
import { pageErrorResponse } from './http/error-page-answer.ts'
import { corsHeaders, json, jsonError, preflight, withoutCors } from './http/json-answers.ts'
import type { PublicKeys } from './keys/signing-keys.ts'
import type { Brand } from './pages/index.ts'

/** What discovery needs: works while the rest is not configured (F-000-39). */
export interface DiscoveryOptions {
  /** The configured issuer, without a trailing slash. */
  readonly issuer: string
  readonly resource: string
  readonly brand: Brand
  readonly documentationUrl: string
  /** What clients are told that they may ask for: a scope that nothing here needs is not among it. Absent: all. */
  readonly scopesOffered?: readonly Scope[]
  readonly publicKeys: PublicKeys
  /** No client can register: there is no such endpoint, and the metadata names none. Absent: they can. */
  readonly registrationOff?: boolean
  /** There is an introspection endpoint; absent: none. */
  readonly introspectionOn?: boolean
  /** The metadata does not say that `iss` comes with every authorization response, which it does all the same (D-10). */
  readonly issNotAdvertised?: boolean
  readonly log: Log
}

export interface AuthorizationServer {
  fetch(request: Request, call: Call): Promise<Response>
}

/**
 * The authorization server, from web-standard requests to web-standard responses. `flow` is null while the service is
 * misconfigured: its endpoints answer 503, discovery and keys stay up (F-000-39).
 */
export function createAuthorizationServer(options: DiscoveryOptions, flow: FlowOptions | null): AuthorizationServer {
  const routes = new Map<string, Handler>()

  /**
   * One path: its methods, `OPTIONS` where browsers may call across origins, and 405 with `Allow` for the rest. `page` is
   * for people, `api` for clients, `server` for servers: no script of a web page is to reach it.
   */
  function route(path: string, kind: 'api' | 'page' | 'server', methods: Record<string, Handler>): void {
    const readable = kind === 'api' && methods.GET !== undefined
    const allow = [...Object.keys(methods), ...(readable ? ['HEAD'] : []), ...(kind === 'api' ? ['OPTIONS'] : [])]
    routes.set(path, async (request, call) => {
      // A page is a step of a sign-in: whoever only asks for its head must not take the step.
      const method = readable && request.method === 'HEAD' ? 'GET' : request.method
      // Any word may be a method: `constructor` is none of ours.
      const handler = Object.hasOwn(methods, method) ? methods[method] : undefined
      try {
        if (handler) {
          if (kind === 'page') requireNavigation(request)
          const response = await handler(request, call)
          return kind === 'server' ? withoutCors(response) : response
        }
        if (kind === 'api' && request.method === 'OPTIONS') return preflight(allow.join(', '))
        return new Response(null, {
          status: 405,
          headers: { ...(kind === 'api' ? corsHeaders : {}), allow: allow.join(', ') },
        })
      } catch (error) {
        logFailure(error, path, call, options.log)
        if (kind === 'api') return jsonError(error, request)
        if (kind === 'server') return withoutCors(jsonError(error, request))
        const response = pageErrorResponse(error, request, options.brand, call.requestId)
        if (error instanceof TooManyRequests) response.headers.set('retry-after', String(error.retryAfter))
        return response
      }
    })
  }

  const cached = { 'cache-control': 'public, max-age=300' }
  const { scopesOffered = scopes } = options
  const serverMetadata = {
    ...authorizationServerMetadata({ ...options, scopesOffered, advertiseIss: !options.issNotAdvertised }),
    ...(options.registrationOff && { registration_endpoint: undefined }),
  }
  const resourceMetadata = protectedResourceMetadata({
    ...options,
    resourceName: options.brand.productName,
    privacyUrl: options.brand.privacyUrl,
  })
  /** At a path, and at the same with a slash at its end. */
  const document = (path: string, get: Handler) => {
    for (const at of [path, withSlash(path)]) route(at, 'api', { GET: get })
  }
  document(paths.authorizationServerMetadata, () => json(serverMetadata, 200, cached))
  document(paths.protectedResourceMetadata, () => json(resourceMetadata, 200, cached))
  route(paths.protectedResourceMetadataOfMcp, 'api', { GET: () => json(resourceMetadata, 200, cached) })
  const ofSlash = { ...resourceMetadata, resource: withSlash(options.resource) }
  route(paths.protectedResourceMetadataOfMcpSlash, 'api', { GET: () => json(ofSlash, 200, cached) })
  document(paths.jwks, async (_request, { signal }) => {
    const jwks = await options.publicKeys(signal)
    // An empty set must not outlive the first key.
    return json(jwks, 200, jwks.keys.length > 0 ? cached : {})
  })
  for (const path of absentPaths) document(path, () => json({ error: 'not_found' }, 404))

  const endpoints = flow ? flowEndpoints(options, flow) : unconfigured
  for (const { register, token, authorize } of [paths, legacyPaths]) {
    if (!options.registrationOff) route(register, 'api', { POST: endpoints.register })
    route(token, 'api', { POST: endpoints.token })
    route(authorize, 'page', { GET: endpoints.authorize })
  }
  route(paths.revoke, 'api', { POST: endpoints.revoke })
  if (options.introspectionOn) route(paths.introspect, 'server', { POST: endpoints.introspect })
  route(paths.approve, 'page', { POST: endpoints.approve })
  route(paths.confirm, 'page', { POST: endpoints.confirm })
  route(paths.callback, 'page', { GET: endpoints.callback })
  route(paths.mockAuthorize, 'page', { GET: endpoints.mockAuthorize })

  return {
    async fetch(request, call) {
      const answer = routes.get(new URL(request.url).pathname)
      if (!answer) return json({ error: 'not_found' }, 404)
      const response = await answer(request, call)
      return request.method === 'HEAD' ? new Response(null, response) : response
    },
  }
}

/** One line for each refusal: what the client was told, and the detail that it was not told. */
function logFailure(error: unknown, path: string, { requestId }: Call, log: Log): void {
  if (error instanceof OAuthError) {
    log('request_refused', { path, requestId, error: error.code, reason: error.description, detail: error.detail })
  } else {
    log('request_failed', {
      path,
      requestId,
      error: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown',
    })
  }
}
