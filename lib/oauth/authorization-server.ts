import { Hono } from 'hono/tiny'
import type { Log } from '../log.ts'
import type { Store } from '../store/store.ts'
import { approve } from './authorization/approve.ts'
import { authorize } from './authorization/authorize.ts'
import { createBrowserBinding } from './authorization/browser.ts'
import { callback } from './authorization/callback.ts'
import { TooManyRequests } from './authorization/checks/client.ts'
import { confirm } from './authorization/confirm.ts'
import { createConsentForms } from './authorization/consent-form.ts'
import type { AuthorizationContext } from './authorization/context.ts'
import { createResponder, seeOther } from './authorization/respond.ts'
import { createTransactions } from './authorization/transaction.ts'
import { absentPaths, paths } from './capabilities.ts'
import {
  type BlockedClients,
  nobodyBlocked,
  refuseBlockedForms,
  refuseBlockedTransactions,
} from './clients/blocked-clients.ts'
import type { RedirectPolicy } from './clients/redirect-uri.ts'
import type { Registrations } from './clients/registration.ts'
import type { Clients } from './clients/resolve.ts'
import { createCookies } from './cookies.ts'
import { OAuthError, PageError } from './errors.ts'
import { createGrants } from './grants/grants.ts'
import type { Sealing } from './keys/sealing.ts'
import type { PublicKeys, SigningKeys } from './keys/signing-keys.ts'
import { authorizationServerMetadata, protectedResourceMetadata } from './metadata.ts'
import type { Brand } from './pages/index.ts'
import { type RegistrationOptions, register } from './registration-endpoint.ts'
import { corsHeaders, json, jsonError, preflight } from './respond-json.ts'
import { pageErrorResponse } from './respond-page.ts'
import { codeSealer } from './token/authorization-code.ts'
import { createFindRegistration } from './token/client-authentication.ts'
import type { RecordSignIn } from './token/sign-in.ts'
import { createTokenEndpoint } from './token/token-endpoint.ts'
import { mockAuthorization } from './upstream/mock.ts'
import type { Upstream } from './upstream/upstream.ts'

/** What discovery needs: works while the rest is not configured (F-000-39). */
export interface DiscoveryOptions {
  /** The configured issuer, without a trailing slash. */
  readonly issuer: string
  readonly resource: string
  readonly brand: Brand
  readonly documentationUrl: string
  readonly publicKeys: PublicKeys
  /** No client can register: there is no such endpoint, and the metadata names none. Absent: they can. */
  readonly registrationOff?: boolean
  readonly log: Log
}

/** What everything else needs. */
export interface FlowOptions {
  readonly store: Store
  readonly sealing: Sealing
  readonly signingKeys: SigningKeys
  readonly clients: Clients
  readonly registrations: Registrations
  /** Who may register, and how often; by default anybody, without a limit. */
  readonly registration?: Pick<RegistrationOptions, 'limit' | 'initialAccessToken'>
  /** Clients that the operator has withdrawn; `clients` and `registrations` are to know the same. */
  readonly blocked?: BlockedClients
  readonly redirectPolicy: RedirectPolicy
  readonly trustedHosts: ReadonlySet<string>
  /** False: no consent page for trusted hosts when the person came by themselves. */
  readonly interstitial: boolean
  readonly upstream: Upstream
  /** The upstream is the development mock, whose endpoint we serve ourselves. */
  readonly mock: boolean
  readonly recordSignIn: RecordSignIn
  /** Seconds. */
  readonly lifetimes: {
    readonly accessToken: number
    readonly refreshToken: number
    readonly grant: number
    readonly grace: number
  }
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** One request's surroundings. `signal` is its deadline: every store, key and upstream call ends with it. */
export interface Call {
  readonly signal: AbortSignal
  readonly requestId: string
  /** Of the caller, as the platform tells it; absent: nothing is limited by it. */
  readonly address?: string
  readonly waitUntil: (work: Promise<unknown>) => void
}

export interface AuthorizationServer {
  fetch(request: Request, call: Call): Promise<Response>
}

type Handler = (request: Request, call: Call) => Promise<Response> | Response

/**
 * The authorization server, from web-standard requests to web-standard responses. `flow` is null while the service is
 * misconfigured: its endpoints answer 503, discovery and keys stay up (F-000-39).
 */
export function createAuthorizationServer(options: DiscoveryOptions, flow: FlowOptions | null): AuthorizationServer {
  const app = new Hono<{ Bindings: Call }>()

  /** One path: its methods, `OPTIONS` where browsers may call across origins, and 405 with `Allow` for the rest. */
  function route(path: string, kind: 'api' | 'page', methods: Record<string, Handler>): void {
    const readable = kind === 'api' && methods.GET !== undefined
    const allow = [...Object.keys(methods), ...(readable ? ['HEAD'] : []), ...(kind === 'api' ? ['OPTIONS'] : [])]
    app.all(path, async ({ req: { raw: request }, env: call }) => {
      // A page is a step of a sign-in: whoever only asks for its head must not take the step.
      const method = readable && request.method === 'HEAD' ? 'GET' : request.method
      // Any word may be a method: `constructor` is none of ours.
      const handler = Object.hasOwn(methods, method) ? methods[method] : undefined
      try {
        if (handler) return await handler(request, call)
        if (kind === 'api' && request.method === 'OPTIONS') return preflight(allow.join(', '))
        return new Response(null, {
          status: 405,
          headers: { ...(kind === 'api' ? corsHeaders : {}), allow: allow.join(', ') },
        })
      } catch (error) {
        logFailure(error, path, call, options.log)
        if (kind === 'api') return jsonError(error, request)
        const response = pageErrorResponse(error, request, options.brand, call.requestId)
        if (error instanceof TooManyRequests) response.headers.set('retry-after', String(error.retryAfter))
        return response
      }
    })
  }

  const cached = { 'cache-control': 'public, max-age=300' }
  const serverMetadata = {
    ...authorizationServerMetadata(options),
    ...(options.registrationOff && { registration_endpoint: undefined }),
  }
  const resourceMetadata = protectedResourceMetadata({
    ...options,
    resourceName: options.brand.productName,
    privacyUrl: options.brand.privacyUrl,
  })
  route(paths.authorizationServerMetadata, 'api', { GET: () => json(serverMetadata, 200, cached) })
  route(paths.protectedResourceMetadata, 'api', { GET: () => json(resourceMetadata, 200, cached) })
  route(paths.protectedResourceMetadataOfMcp, 'api', { GET: () => json(resourceMetadata, 200, cached) })
  route(paths.jwks, 'api', {
    GET: async (_request, { signal }) => {
      const jwks = await options.publicKeys(signal)
      // An empty set must not outlive the first key.
      return json(jwks, 200, jwks.keys.length > 0 ? cached : {})
    },
  })
  for (const path of absentPaths) route(path, 'api', { GET: () => json({ error: 'not_found' }, 404) })

  const endpoints = flow ? flowEndpoints(options, flow) : unconfigured
  if (!options.registrationOff) route(paths.register, 'api', { POST: endpoints.register })
  route(paths.token, 'api', { POST: endpoints.token })
  route(paths.authorize, 'page', { GET: endpoints.authorize })
  route(paths.approve, 'page', { POST: endpoints.approve })
  route(paths.confirm, 'page', { POST: endpoints.confirm })
  route(paths.callback, 'page', { GET: endpoints.callback })
  route(paths.mockAuthorize, 'page', { GET: endpoints.mockAuthorize })

  app.notFound(() => json({ error: 'not_found' }, 404))
  app.onError((error) => {
    throw error
  })
  return { fetch: async (request, call) => app.fetch(request, call) }
}

const notFoundHeaders = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

type FlowEndpoints = Record<
  'register' | 'token' | 'authorize' | 'approve' | 'callback' | 'confirm' | 'mockAuthorize',
  Handler
>

function flowEndpoints(options: DiscoveryOptions, flow: FlowOptions): FlowEndpoints {
  const { issuer, resource, brand, log } = options
  const { sealing, now, blocked = nobodyBlocked } = flow
  const cookies = createCookies(issuer)
  const context: AuthorizationContext = {
    issuer,
    resource,
    brand,
    log,
    now,
    interstitial: flow.interstitial,
    grantLifetime: flow.lifetimes.grant,
    clients: flow.clients,
    redirectPolicy: flow.redirectPolicy,
    upstream: flow.upstream,
    browser: createBrowserBinding(cookies),
    consentForms: refuseBlockedForms(createConsentForms(sealing, now), blocked),
    transactions: refuseBlockedTransactions(createTransactions({ cookies, sealing, now }), blocked),
    codes: codeSealer(sealing),
    respond: createResponder({ issuer, brand, trustedHosts: flow.trustedHosts }),
  }
  const token = createTokenEndpoint({
    issuer,
    resource,
    sealing,
    now,
    accessTokenLifetime: flow.lifetimes.accessToken,
    refreshTokenLifetime: flow.lifetimes.refreshToken,
    grants: createGrants({ store: flow.store, now, grace: flow.lifetimes.grace, log }),
    signingKeys: flow.signingKeys,
    recordSignIn: flow.recordSignIn,
    findRegistration: createFindRegistration(flow.registrations, blocked),
  })
  return {
    register: (request, call) =>
      register(request, { ...flow.registration, registrations: flow.registrations, log }, call),
    token: async (request, call) => json(await token(request, call)),
    authorize: (request, call) => {
      const { clients } = flow
      // What a caller makes us fetch is counted by their address.
      const counted = { resolve: (id: string, signal: AbortSignal) => clients.resolve(id, signal, call.address) }
      return authorize(request, { ...context, clients: counted }, call)
    },
    approve: (request, call) => approve(request, context, call),
    callback: (request, call) => callback(request, context, call),
    confirm: (request, call) => confirm(request, context, call),
    mockAuthorize: (request) =>
      flow.mock
        ? seeOther(mockAuthorization(issuer, new URL(request.url)).href)
        : Response.json({ error: 'not_found' }, { status: 404, headers: notFoundHeaders }),
  }
}

const unconfigured: FlowEndpoints = (() => {
  const api = () => {
    throw new OAuthError('temporarily_unavailable', 'the service is not configured')
  }
  const page = () => {
    throw new PageError('not-configured', 'temporarily_unavailable', 'the service is not configured')
  }
  return {
    register: api,
    token: api,
    authorize: page,
    approve: page,
    callback: page,
    confirm: page,
    mockAuthorize: page,
  }
})()

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
