import { jsonResponse } from '../base/well-formed.ts'
import { whenNeeded } from '../base/when-needed.ts'
import { createResponder, seeOther } from './authorization/answer-to-client.ts'
import { approve } from './authorization/approve.ts'
import { authorize, checkPushed } from './authorization/authorize.ts'
import { createBrowserBinding } from './authorization/browser.ts'
import { callback } from './authorization/callback.ts'
import { confirm } from './authorization/confirm.ts'
import { createConsentForms } from './authorization/consent-form.ts'
import type { AuthorizationContext } from './authorization/context.ts'
import { createTransactions } from './authorization/transaction.ts'
import { accountPaths, legacyPaths, lifetimes, paths } from './capabilities.ts'
import { createClientAuthentication } from './client-authentication/client-authentication.ts'
import { type BlockedClients, noneBlocked } from './clients/blocked-clients.ts'
import { register } from './clients/registration-endpoint.ts'
import { type Clients, withoutRetiredSecrets } from './clients/resolve.ts'
import { createGrants } from './grants/grants.ts'
import { createCookies } from './http/cookies.ts'
import { empty, json } from './http/json-answers.ts'
import type { DiscoveryOptions, FlowOptions, Handler } from './options.ts'
import { codeSealer } from './token/authorization-code.ts'
import type { OpenIssuedToken } from './token/issued-tokens.ts'
import { createFindPresented } from './token/presented-token.ts'
import { refreshSealer } from './token/refresh-token.ts'
import { createTokenEndpoint } from './token/token-endpoint.ts'
import type { FlowEndpoints } from './unconfigured.ts'

export function flowEndpoints(options: DiscoveryOptions, flow: FlowOptions): FlowEndpoints {
  const { issuer, resource, scopes, brand, log } = options
  const { sealing, now, storeless, blocked = noneBlocked, signInLifetime = lifetimes.signIn, vault } = flow
  const cookies = createCookies(issuer)
  const sessionSignIn = whenNeeded(async () => {
    if (!flow.session) throw new TypeError('no route leads here')
    const { createSessionSignIn } = await import('./sessions/session-sign-in.ts')
    return createSessionSignIn({ ...flow.session, brand, sealing, now, log })
  })
  const sessionCallback: Handler = async (request, call) => (await sessionSignIn()).callback(request, call)
  const context: AuthorizationContext = {
    issuer,
    resource,
    scopes,
    brand,
    log,
    now,
    scopeRules: flow.scopeRules,
    vault,
    // Among several providers, the user chooses on the page.
    interstitial: flow.interstitial || (flow.providers?.length ?? 0) > 1,
    grantLifetime: flow.lifetimes.grant,
    signInLifetime,
    clients: flow.clients,
    blocked,
    redirectPolicy: flow.redirectPolicy,
    provider: flow.provider,
    browser: createBrowserBinding(cookies),
    consentForms: createConsentForms(sealing, now),
    transactions: createTransactions({ cookies, sealing, signInLifetime, now }),
    codes: codeSealer(sealing),
    openPushed: async (given) => (await import('./par/request-uri.ts')).openPushed(given, sealing, now()),
    respond: createResponder({ issuer, brand, trustedRedirects: flow.trustedRedirects }),
    accountUrl: flow.session && flow.session.origin + accountPaths.account,
    ...(flow.session?.origin === issuer && { sessionCallback }),
    choice: choiceOf(flow.providers, () => context),
  }
  const registrationClosed = options.registrationOff || flow.registration?.initialAccessToken !== undefined
  const newcomers = registrationClosed ? withoutRetiredSecrets(flow.clients) : flow.clients
  const authenticationFor = (clients: Clients, blockedHere: BlockedClients, endpoint: readonly string[]) =>
    createClientAuthentication({
      issuer,
      endpoint: endpoint.map((path) => issuer + path),
      clients,
      blocked: blockedHere,
      findPresented: createFindPresented({ codes: context.codes, refreshTokens: refreshSealer(sealing), now }),
      findAssertionKeys: async (...wanted) => {
        const { createFindAssertionKeys } = await import('./client-authentication/assertion-keys.ts')
        return createFindAssertionKeys({ clients, keySets: flow.keySets })(...wanted)
      },
      spendAssertion: async (...spent) => {
        const { createSpendAssertion } = await import('./client-authentication/assertion-ids.ts')
        return createSpendAssertion({ store: flow.store, now })(...spent)
      },
      ...(flow.secretGuesses && { secretGuesses: flow.secretGuesses }),
      now,
    })
  const grants = createGrants({ store: flow.store, now, grace: flow.lifetimes.grace, log, ended: vault?.ended })
  const token = createTokenEndpoint({
    issuer,
    resource,
    scopes,
    sealing,
    now,
    accessTokenLifetime: flow.lifetimes.accessToken,
    refreshTokenLifetime: flow.lifetimes.refreshToken,
    grants,
    signingKeys: flow.signingKeys,
    chooseSigning: flow.chooseSigning,
    recordSignIn: flow.recordSignIn,
    scopeRules: flow.scopeRules,
    recheck: vault && ((...of) => vault.recheck(grants, ...of)),
    endedAddresses:
      options.revocation &&
      (async () => (await import('./logout/ended-addresses.ts')).createEndedAddresses(flow.store, sealing, now)),
    further: flow.further,
    authentication: authenticationFor(flow.clients, blocked, [paths.token, legacyPaths.token]),
  })
  const issuedTokens = whenNeeded(async () => {
    const { createOpenIssuedToken } = await import('./token/issued-tokens.ts')
    return createOpenIssuedToken({ issuer, resource, sealing, publicKeys: options.publicKeys, now })
  })
  const openToken: OpenIssuedToken = async (token, signal) => (await issuedTokens())(token, signal)
  const revocation = {
    authentication: authenticationFor(flow.clientsOfAll ?? flow.clients, noneBlocked, [paths.revoke]),
    openToken,
    grants,
    storeless,
  }
  const introspection = { tokens: [], ...flow.introspection, scopes, openToken, grants, storeless, log }
  return {
    register: (request, call) =>
      register(request, { ...flow.registration, registrations: flow.registrations, log }, call),
    token: async (request, call) => json(await token(request, call)),
    revoke: async (request, call) => {
      const { revoke } = await import('./token/revocation-endpoint.ts')
      const ended = await revoke(request, revocation, call)
      if (ended) {
        call.trail.learn(ended)
        call.trail.record('revocation', 'ok')
      }
      return empty()
    },
    introspect: async (request, call) => {
      const { introspect } = await import('./token/introspection-endpoint.ts')
      return introspect(request, introspection, call)
    },
    par: async (request, call) => {
      const { pushAuthorizationRequest } = await import('./par/pushed-request-endpoint.ts')
      return pushAuthorizationRequest(
        request,
        {
          issuer,
          check: (parameters, client) => checkPushed(parameters, client, context),
          authentication: authenticationFor(newcomers, blocked, [paths.par, paths.token]),
          clients: newcomers,
          sealing,
          now,
        },
        call,
      )
    },
    authorize: (request, call) => {
      // The documents that a caller makes this server fetch count against the address of the caller.
      const counted = { resolve: (id: string, signal: AbortSignal) => newcomers.resolve(id, signal, call.address) }
      return authorize(request, { ...context, clients: counted }, call)
    },
    approve: (request, call) => approve(request, context, call),
    callback: (request, call) => callback(request, context, call),
    confirm: (request, call) => confirm(request, context, call),
    login: async (request, call) => (await sessionSignIn()).login(request, call),
    sessionCallback,
    mockAuthorize: async (request) => {
      if (!flow.mock) return jsonResponse({ error: 'not_found' }, { status: 404, headers: notFoundHeaders })
      const { mockAuthorization } = await import('./providers/mock.ts')
      return seeOther(mockAuthorization(issuer, new URL(request.url)).href)
    },
  }
}

/** The choice among several providers. Its code is loaded when the first user has it. */
const choiceOf = (providers: FlowOptions['providers'], context: () => AuthorizationContext) =>
  providers &&
  whenNeeded(async () =>
    (await import('./authorization/provider-choice.ts')).createProviderChoice(context(), providers),
  )

const notFoundHeaders = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
