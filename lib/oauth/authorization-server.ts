import type { Call } from '../base/call.ts'
import type { Log } from '../base/log.ts'
import { whenNeeded } from '../base/when-needed.ts'
import { requireNavigation } from './authorization/navigation.ts'
import { absentPaths, legacyPaths, loginPath, paths, withSlash } from './capabilities.ts'
import { authorizationServerMetadata, protectedResourceMetadata } from './discovery.ts'
import { OAuthError } from './errors.ts'
import { isDoctor } from './http/doctor-mark.ts'
import { corsHeaders, json, jsonError, preflight, withoutCors } from './http/json-answers.ts'
import type { DiscoveryOptions, FlowOptions, Handler } from './options.ts'
import { createTrail } from './trail.ts'
import { type FlowEndpoints, unconfigured } from './unconfigured.ts'

export interface AuthorizationServer {
  /** Whether a URL is of one of its paths. */
  serves(url: URL): boolean
  fetch(request: Request, call: Call): Promise<Response>
}

/**
 * Makes the authorization server, which answers web-standard requests. `flow` is null while the service is misconfigured.
 * Discovery and keys then stay up, and all other endpoints answer 503 (F-000-39).
 */
export function createAuthorizationServer(options: DiscoveryOptions, flow: FlowOptions | null): AuthorizationServer {
  const routes = new Map<string, (request: Request, call: Call) => Promise<Response> | Response>()

  /**
   * Adds one path with its methods. Other methods get a 405 with `Allow`. A `page` is for users. An `api` is for clients, and
   * browsers may call it across origins. A `server` path is for servers, and no script of a web page may call it.
   */
  function route(path: string, kind: 'api' | 'page' | 'server', methods: Record<string, Handler>): void {
    const readable = kind === 'api' && methods.GET !== undefined
    const allow = [...Object.keys(methods), ...(readable ? ['HEAD'] : []), ...(kind === 'api' ? ['OPTIONS'] : [])]
    routes.set(path, async (request, call) => {
      // A page is a step of a sign-in, and a HEAD request must not take that step.
      const method = readable && request.method === 'HEAD' ? 'GET' : request.method
      // A method may be any word, such as `constructor`.
      const handler = Object.hasOwn(methods, method) ? methods[method] : undefined
      // A check of this deployment leaves nothing behind (N33). From the approval on, every step is recorded.
      const isUnrecorded = /(register|authorize|login)$/.test(path) && isDoctor(request)
      const trail = createTrail((!isUnrecorded && flow) || {}, call)
      try {
        if (handler) {
          if (kind === 'page') requireNavigation(request)
          const response = await handler(request, { ...call, trail })
          return kind === 'server' ? withoutCors(response) : response
        }
        if (kind === 'api' && request.method === 'OPTIONS') return preflight(allow.join(', '))
        return new Response(null, {
          status: 405,
          headers: { ...(kind === 'api' ? corsHeaders : {}), allow: allow.join(', ') },
        })
      } catch (error) {
        trail.fail(error, kind === 'page' ? 'page' : 'api')
        logFailure(error, new URL(request.url).pathname, call, options.log)
        if (kind === 'api') return jsonError(error, request)
        if (kind === 'server') return withoutCors(jsonError(error, request))
        const { pageErrorResponse } = await import('./http/error-page-answer.ts')
        return pageErrorResponse(error, request, options.brand, trail.reference)
      }
    })
  }

  const cached = { 'cache-control': 'public, max-age=300' }
  const { scopesOffered = options.scopes.all, callbackPath = paths.callback } = options
  const serverMetadata = {
    ...authorizationServerMetadata({ ...options, scopesOffered, advertiseIss: !options.issNotAdvertised }),
    ...(options.registrationOff && { registration_endpoint: undefined }),
    ...options.metadata,
  }
  const resourceMetadata = protectedResourceMetadata({
    ...options,
    resourceName: options.brand.productName,
    privacyUrl: options.brand.privacyUrl,
  })
  /** Serves a document at a path, with and without a slash at its end. */
  const document = (path: string, get: Handler) => {
    for (const at of [path, withSlash(path)]) route(at, 'api', { GET: get })
  }
  document(paths.authorizationServerMetadata, () => json(serverMetadata, 200, cached))
  const isHere = new URL(options.resource).origin === options.issuer
  const resourcePath = isHere ? options.resource.slice(options.issuer.length) : undefined
  if (isHere) {
    const get = () => json(resourceMetadata, 200, cached)
    document(paths.protectedResourceMetadata, get)
    const at = paths.protectedResourceMetadata + resourcePath
    route(at, 'api', { GET: get })
    // For clients that write the resource with a slash at its end (RFC 9728 §3.3).
    const ofSlash = { ...resourceMetadata, resource: withSlash(options.resource) }
    route(withSlash(at), 'api', { GET: () => json(ofSlash, 200, cached) })
  }
  document(paths.jwks, async (_request, { signal }) => {
    const jwks = await options.publicKeys(signal)
    // A cached empty set would hide the first key.
    return json(jwks, 200, jwks.keys.length > 0 ? cached : {})
  })
  for (const path of absentPaths(resourcePath)) document(path, () => json({ error: 'not_found' }, 404))

  // Discovery answers without the code of a sign-in.
  const endpoints = whenNeeded(async () =>
    flow ? (await import('./endpoints.ts')).flowEndpoints(options, flow) : unconfigured,
  )
  const endpoint =
    (name: keyof FlowEndpoints): Handler =>
    async (request, call) =>
      (await endpoints())[name](request, call)
  for (const { register, token, authorize } of [paths, legacyPaths]) {
    if (!options.registrationOff) route(register, 'api', { POST: endpoint('register') })
    route(token, 'api', { POST: endpoint('token') })
    route(authorize, 'page', { GET: endpoint('authorize') })
  }
  route(paths.par, 'api', { POST: endpoint('par') })
  route(paths.revoke, 'api', { POST: endpoint('revoke') })
  if (options.introspectionOn) route(paths.introspect, 'server', { POST: endpoint('introspect') })
  route(paths.approve, 'page', { POST: endpoint('approve') })
  route(paths.confirm, 'page', { POST: endpoint('confirm') })
  route(callbackPath, 'page', { GET: endpoint('callback') })
  route(paths.mockAuthorize, 'page', { GET: endpoint('mockAuthorize') })

  const sessionHost = flow?.session && new URL(flow.session.origin).host
  const isApart = sessionHost !== undefined && sessionHost !== new URL(options.issuer).host
  const login = endpoint('login')
  if (sessionHost !== undefined) route(sessionHost + loginPath, 'page', { GET: login, POST: login })
  if (isApart) route(sessionHost + paths.callback, 'page', { GET: endpoint('sessionCallback') })

  /** Finds the answer for a URL. At a host of its own, only the sign-in to our pages answers, and only there (N13). */
  function answerFor({ host, pathname: path }: URL) {
    // Each provider of the list has a callback of its own below this path.
    const pathname = flow?.providers && path.startsWith(`${paths.callback}/`) ? paths.callback : path
    if (host !== sessionHost) return routes.get(pathname)
    return routes.get(host + pathname) ?? (isApart ? undefined : routes.get(pathname))
  }

  return {
    serves: (url) => answerFor(url) !== undefined,
    async fetch(request, call) {
      const answer = answerFor(new URL(request.url))
      if (!answer) return json({ error: 'not_found' }, 404)
      const response = await answer(request, call)
      return request.method === 'HEAD' ? new Response(null, response) : response
    },
  }
}

/** Logs one line for each refusal: what the client was told, and the detail that it was not told. */
function logFailure(error: unknown, path: string, { requestId }: Call, log: Log): void {
  if (error instanceof OAuthError) {
    log('request_refused', { path, requestId, error: error.code, reason: error.description, detail: error.detail })
  } else {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'
    log('request_failed', { path, requestId, error: what })
  }
}
