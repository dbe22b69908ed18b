import type { Call } from '../base/call.ts'
import type { GuessLimit } from '../base/rate-limit.ts'
import { jsonResponse } from '../base/well-formed.ts'
import type { Store } from '../store/store.ts'
import { createResponder, seeOther } from './authorization/answer-to-client.ts'
import { approve } from './authorization/approve.ts'
import { authorize } from './authorization/authorize.ts'
import { createBrowserBinding } from './authorization/browser.ts'
import { callback } from './authorization/callback.ts'
import { confirm } from './authorization/confirm.ts'
import { createConsentForms } from './authorization/consent-form.ts'
import type { AuthorizationContext } from './authorization/context.ts'
import { createTransactions } from './authorization/transaction.ts'
import type { DiscoveryOptions } from './authorization-server.ts'
import { legacyPaths, lifetimes, paths } from './capabilities.ts'
import { createSpendAssertion } from './client-authentication/assertion-ids.ts'
import { createFindAssertionKeys } from './client-authentication/assertion-keys.ts'
import { createClientAuthentication } from './client-authentication/client-authentication.ts'
import {
  type BlockedClients,
  nobodyBlocked,
  refuseBlockedForms,
  refuseBlockedTransactions,
} from './clients/blocked-clients.ts'
import type { KeySets } from './clients/published/key-sets.ts'
import type { RedirectPolicy } from './clients/redirect-uri.ts'
import type { Registrations } from './clients/registration.ts'
import { type RegistrationOptions, register } from './clients/registration-endpoint.ts'
import { type Clients, withoutRetiredSecrets } from './clients/resolve.ts'
import { OAuthError, PageError } from './errors.ts'
import { createGrants } from './grants/grants.ts'
import { createCookies } from './http/cookies.ts'
import { empty, json } from './http/json-answers.ts'
import type { Sealing } from './keys/sealing.ts'
import type { SigningKeys } from './keys/signing-keys.ts'
import { mockAuthorization } from './providers/mock.ts'
import type { Upstream } from './providers/provider.ts'
import { codeSealer } from './token/authorization-code.ts'
import { createFindHeld } from './token/held.ts'
import { type IntrospectionOptions, introspect } from './token/introspection-endpoint.ts'
import { createOpenIssuedToken } from './token/issued-tokens.ts'
import { refreshSealer } from './token/refresh-token.ts'
import { revoke } from './token/revocation-endpoint.ts'
import type { RecordSignIn } from './token/sign-in.ts'
import { createTokenEndpoint } from './token/token-endpoint.ts'

/** What everything else needs. */
export interface FlowOptions {
  readonly store: Store
  readonly sealing: Sealing
  readonly signingKeys: SigningKeys
  readonly clients: Clients
  readonly registrations: Registrations
  /** Who may register, and how often; by default anybody, without a limit. */
  readonly registration?: Pick<RegistrationOptions, 'limit' | 'overallLimit' | 'initialAccessToken'>
  /** Who may ask about tokens; by default nobody. */
  readonly introspection?: Pick<IntrospectionOptions, 'tokens' | 'limit'>
  /** Clients that the operator has withdrawn; `clients` and `registrations` are to know the same. */
  readonly blocked?: BlockedClients
  /** Blocked clients as well, which may still revoke what they have; by default `clients`. */
  readonly clientsOfAll?: Clients
  /** The keys that clients publish. */
  readonly keySets: KeySets
  /** Of the wrong secrets that one address shows for one client; by default none. */
  readonly secretGuesses?: GuessLimit
  readonly redirectPolicy: RedirectPolicy
  /** Entries of `isTrustedRedirect`. */
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
  /** Seconds from approval in which the person is to have signed in; by default 600. */
  readonly signInLifetime?: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** One endpoint. Throws `OAuthError`, `StoreUnavailable` and what `isOurFault` names. */
export type Handler = (request: Request, call: Call) => Promise<Response> | Response

const notFoundHeaders = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** Whatever takes settings, secrets or the store. */
export type FlowEndpoints = Record<
  'register' | 'token' | 'revoke' | 'introspect' | 'authorize' | 'approve' | 'callback' | 'confirm' | 'mockAuthorize',
  Handler
>

export function flowEndpoints(options: DiscoveryOptions, flow: FlowOptions): FlowEndpoints {
  const { issuer, resource, brand, log } = options
  const { sealing, now, blocked = nobodyBlocked, signInLifetime = lifetimes.signIn } = flow
  const cookies = createCookies(issuer)
  const context: AuthorizationContext = {
    issuer,
    resource,
    brand,
    log,
    now,
    interstitial: flow.interstitial,
    grantLifetime: flow.lifetimes.grant,
    signInLifetime,
    clients: flow.clients,
    redirectPolicy: flow.redirectPolicy,
    upstream: flow.upstream,
    browser: createBrowserBinding(cookies),
    consentForms: refuseBlockedForms(createConsentForms(sealing, now), blocked),
    transactions: refuseBlockedTransactions(createTransactions({ cookies, sealing, signInLifetime, now }), blocked),
    codes: codeSealer(sealing),
    respond: createResponder({ issuer, brand, trustedHosts: flow.trustedHosts }),
  }
  const registrationClosed = options.registrationOff || flow.registration?.initialAccessToken !== undefined
  const newcomers = registrationClosed ? withoutRetiredSecrets(flow.clients) : flow.clients
  const authenticationFor = (clients: Clients, blockedHere: BlockedClients, endpoint: readonly string[]) =>
    createClientAuthentication({
      issuer,
      endpoint: endpoint.map((path) => issuer + path),
      clients,
      blocked: blockedHere,
      findHeld: createFindHeld({ codes: context.codes, refreshTokens: refreshSealer(sealing), now }),
      findAssertionKeys: createFindAssertionKeys({ clients, keySets: flow.keySets }),
      spendAssertion: createSpendAssertion({ store: flow.store, now }),
      ...(flow.secretGuesses && { secretGuesses: flow.secretGuesses }),
      now,
    })
  const grants = createGrants({ store: flow.store, now, grace: flow.lifetimes.grace, log })
  const token = createTokenEndpoint({
    issuer,
    resource,
    sealing,
    now,
    accessTokenLifetime: flow.lifetimes.accessToken,
    refreshTokenLifetime: flow.lifetimes.refreshToken,
    grants,
    signingKeys: flow.signingKeys,
    recordSignIn: flow.recordSignIn,
    authentication: authenticationFor(flow.clients, blocked, [paths.token, legacyPaths.token]),
  })
  const openToken = createOpenIssuedToken({ issuer, resource, sealing, publicKeys: options.publicKeys, now })
  const revocation = {
    authentication: authenticationFor(flow.clientsOfAll ?? flow.clients, nobodyBlocked, [paths.revoke]),
    openToken,
    grants,
  }
  const introspection = { tokens: [], ...flow.introspection, openToken, grants, log }
  return {
    register: (request, call) =>
      register(request, { ...flow.registration, registrations: flow.registrations, log }, call),
    token: async (request, call) => json(await token(request, call)),
    revoke: async (request, call) => {
      await revoke(request, revocation, call)
      return empty()
    },
    introspect: (request, call) => introspect(request, introspection, call),
    authorize: (request, call) => {
      // What a caller makes us fetch is counted by their address.
      const counted = { resolve: (id: string, signal: AbortSignal) => newcomers.resolve(id, signal, call.address) }
      return authorize(request, { ...context, clients: counted }, call)
    },
    approve: (request, call) => approve(request, context, call),
    callback: (request, call) => callback(request, context, call),
    confirm: (request, call) => confirm(request, context, call),
    mockAuthorize: (request) =>
      flow.mock
        ? seeOther(mockAuthorization(issuer, new URL(request.url)).href)
        : jsonResponse({ error: 'not_found' }, { status: 404, headers: notFoundHeaders }),
  }
}

/** What they answer as long as there are none: the fault is ours, and passes (F-000-39). */
export const unconfigured: FlowEndpoints = (() => {
  const api = () => {
    throw new OAuthError('temporarily_unavailable', 'the service is not configured')
  }
  const page = () => {
    throw new PageError('not-configured', 'temporarily_unavailable', 'the service is not configured')
  }
  return {
    register: api,
    token: api,
    revoke: api,
    introspect: api,
    authorize: page,
    approve: page,
    callback: page,
    confirm: page,
    mockAuthorize: page,
  }
})()
