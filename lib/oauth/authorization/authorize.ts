import { pushedPrefix } from '../capabilities.ts'
import type { Client } from '../clients/client.ts'
import type { ValidatedRedirect } from '../clients/redirect-uri.ts'
import { OAuthError, PageError } from '../errors.ts'
import { type Parameters, parseParameters } from '../http/parameters.ts'
import { requireResource } from '../token/resource.ts'
import type { FlowCall } from '../trail.ts'
import { AuthorizationError } from './answer-to-client.ts'
import * as checks from './checks.ts'
import { showConsent } from './consent.ts'
import type { AuthorizationContext } from './context.ts'
import { redirectToProvider } from './provider-redirect.ts'
import { type AuthorizationRequest, knownOf } from './request.ts'

/**
 * `GET /oauth/authorize` (OAuth 2.1 §4.1.1): checks the request and shows the consent page, before the browser goes to the
 * OpenID Provider (C-01). The operator may switch the page off for trusted hosts. Uses no store. Throws `PageError`.
 */
export async function authorize(request: Request, context: AuthorizationContext, call: FlowCall): Promise<Response> {
  const { trail } = call
  const attempt = trail.begin()
  trail.at('request')
  const given = parseParameters(new URL(request.url).searchParams)
  const pushed = given.all('request_uri')[0]?.startsWith(pushedPrefix) ? await context.openPushed(given) : undefined
  const parameters = pushed?.parameters ?? given
  const client = await checks.requireClient(parameters, context.clients, call.signal)
  trail.learn({ clientHash: client.hash })
  const redirect = checks.requireRedirectUri(parameters, client, context.redirectPolicy)
  const to: checks.ReturnAddress = { redirect, state: checks.stateOf(parameters) }
  try {
    const checked = validate(parameters, client, to, context, attempt)
    if (!pushed && client.requires?.includes('require_pushed_authorization_requests')) {
      throw new OAuthError('invalid_request', 'this client must push its requests')
    }
    // A pushed request cannot be started again by a link.
    const accepted = pushed
      ? { ...checked, pushedId: pushed.id }
      : context.transactions.withClientId(checked, client.id)
    trail.learn(knownOf(accepted))
    const asked = (parameters.get('scope') ?? '').slice(0, longestScopeInLog)
    context.log('authorization_asked', { client: client.hash, asked, scope: accepted.scope })
    if (accepted.addable === undefined && maySkipConsent(request, parameters, client, redirect, context)) {
      context.log('consent_skipped', { client: client.hash, scope: accepted.scope })
      trail.at('provider')
      const response = await redirectToProvider(accepted, request, context, call.signal)
      trail.record('approved', 'ok', { reason: 'trusted' })
      return response
    }
    trail.record('consent', 'ok')
    return await showConsent(accepted, request, context, { address: parameters.all('login_hint')[0] })
  } catch (error) {
    if (!(error instanceof OAuthError) || error instanceof PageError) throw error
    context.log('authorization_refused', { client: client.hash, error: error.code, reason: error.description })
    trail.record('request', 'refused', { reason: error.code, detail: error.description })
    return context.respond.refusal(new AuthorizationError(to, error.code, error.description), trail.reference)
  }
}

/** The most characters of a requested scope in the log. A client may send any text. */
const longestScopeInLog = 200

/** Runs every check whose failure the client may be told, in the order of the specification. Throws `OAuthError`. */
function validate(
  parameters: Parameters,
  client: Client,
  to: checks.ReturnAddress,
  context: AuthorizationContext,
  attempt: string,
): AuthorizationRequest {
  const { resource, transactions, respond } = context
  checks.checkState(parameters)
  checks.refuseRequestObjects(parameters)
  checks.checkResponseType(parameters)
  const request: AuthorizationRequest = {
    clientHash: client.hash,
    clientName: client.name && [...client.name].slice(0, 64).join(''),
    verifiedHost: client.verifiedHost,
    registeredAt: client.issuedAt,
    redirectUri: to.redirect.uri,
    state: to.state,
    codeChallenge: checks.requireCodeChallenge(parameters),
    resource: requireResource(parameters.all('resource'), resource),
    scope: checks.grantableScope(parameters, client, context),
    addable: checks.addableScope(parameters, client, respond.isTrusted(to.redirect), context),
    prompt: checks.checkPrompt(parameters),
    authenticationMethods: [...client.authenticationMethods],
    jwksUri: jwksUriOf(client),
    boundTo: checks.boundKey(parameters, client),
    usesRefreshTokens: client.grantTypes.includes('refresh_token'),
    attempt,
  }
  if (!transactions.fits(request)) {
    throw new OAuthError('invalid_request', 'the request is too large: use a shorter state')
  }
  return request
}

/** Runs every check of a request that its client pushes. Throws `OAuthError`. */
export function checkPushed(parameters: Parameters, client: Client, context: AuthorizationContext): void {
  const redirect = checks.requireRedirectUri(parameters, client, context.redirectPolicy)
  validate(parameters, client, { redirect, state: checks.stateOf(parameters) }, context, '')
}

/** The most characters of a key set URL that travels with the request. For a longer URL, the document is fetched again. */
const longestJwksUri = 128

/**
 * Returns the URL of the keys in a client's metadata document. It travels with the request, so that a document that cannot
 * be fetched ends no session (M-13). A registration carries its own keys.
 */
function jwksUriOf({ source, keys }: Client): string | undefined {
  if (source !== 'metadata-document' || !keys || !('uri' in keys)) return undefined
  return keys.uri.length > longestJwksUri ? undefined : keys.uri
}

/**
 * Whether the consent page may be skipped: only if the operator switched it off, only for a trusted host, and only if the
 * user came directly. A link on another site always leads to the page (C-06, C-07).
 */
function maySkipConsent(
  request: Request,
  parameters: Parameters,
  client: Client,
  redirect: ValidatedRedirect,
  context: AuthorizationContext,
): boolean {
  if (client.underRetiredSecret) return false
  if (context.interstitial || redirect.kind !== 'https' || !context.respond.mayRedirect(redirect)) return false
  if (parameters.get('prompt')?.split(' ').includes('consent')) return false
  const site = request.headers.get('sec-fetch-site')
  return site === 'none' || site === 'same-origin'
}
