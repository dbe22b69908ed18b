import type { Client } from '../clients/client.ts'
import type { ValidatedRedirect } from '../clients/redirect-uri.ts'
import { AuthorizationError, OAuthError, PageError } from '../errors.ts'
import { type Parameters, parseParameters } from '../http/parameters.ts'
import { requireResource } from '../token/resource.ts'
import { requireCodeChallenge } from './checks/code-challenge.ts'
import { checkPrompt } from './checks/prompt.ts'
import { requireRedirectUri } from './checks/redirect-uri.ts'
import { refuseRequestObjects } from './checks/request-object.ts'
import { checkResponseType } from './checks/response-type.ts'
import { grantableScope } from './checks/scope.ts'
import { checkState, stateOf } from './checks/state.ts'
import { requireClient } from './checks.ts'
import { showConsent } from './consent.ts'
import type { AuthorizationCall, AuthorizationContext } from './context.ts'
import { redirectToProvider } from './provider-redirect.ts'
import type { AuthorizationRequest, ReturnAddress } from './request.ts'

/** Characters: clients may ask for anything. */
const longestScopeInLog = 200

/**
 * `GET /oauth/authorize` (OAuth 2.1 §4.1.1): checks the request and asks the person, every time unless the operator
 * chose otherwise for trusted hosts, before anybody is sent to the OpenID Provider (C-01). Touches no store. Throws `PageError`.
 */
export async function authorize(
  request: Request,
  context: AuthorizationContext,
  call: AuthorizationCall,
): Promise<Response> {
  const parameters = parseParameters(new URL(request.url).searchParams)
  // Nothing redirects before these two.
  const client = await requireClient(parameters, context.clients, call.signal)
  const redirect = requireRedirectUri(parameters, client, context.redirectPolicy)

  const to: ReturnAddress = { redirect, state: stateOf(parameters), clientName: client.name }
  try {
    const accepted = validate(parameters, client, to, context)
    const asked = (parameters.get('scope') ?? '').slice(0, longestScopeInLog)
    context.log('authorization_asked', { client: client.hash, asked, scope: accepted.scope })
    if (maySkipConsent(request, parameters, client, redirect, context)) {
      context.log('consent_skipped', { client: client.hash, scope: accepted.scope })
      return await redirectToProvider(accepted, request, context, call.signal)
    }
    return showConsent(accepted, request, context)
  } catch (error) {
    if (!(error instanceof OAuthError) || error instanceof PageError) throw error
    context.log('authorization_refused', { client: client.hash, error: error.code, reason: error.description })
    return context.respond.refusal(new AuthorizationError(to, error.code, error.description), to, call.requestId)
  }
}

/** Every check whose failure may be told to the client, in the order of the specification. Throws `OAuthError`. */
function validate(
  parameters: Parameters,
  client: Client,
  to: ReturnAddress,
  context: AuthorizationContext,
): AuthorizationRequest {
  checkState(parameters)
  refuseRequestObjects(parameters)
  checkResponseType(parameters)
  const codeChallenge = requireCodeChallenge(parameters)
  const resource = requireResource(parameters.all('resource'), context.resource)
  const scope = grantableScope(parameters, client)
  const prompt = checkPrompt(parameters)
  const request: AuthorizationRequest = {
    c: client.hash,
    ...(client.name === undefined ? {} : { cn: [...client.name].slice(0, 64).join('') }),
    ...(client.verifiedHost === undefined ? {} : { ch: client.verifiedHost }),
    ...(client.issuedAt === undefined ? {} : { i: client.issuedAt }),
    redirect_uri: to.redirect.uri,
    ...(to.state === undefined ? {} : { state: to.state }),
    p: codeChallenge,
    resource,
    scope,
    ...(prompt === undefined ? {} : { prompt }),
    m: [...client.authenticationMethods],
    ...keysOf(client),
    rt: client.grantTypes.includes('refresh_token'),
  }
  if (!context.transactions.fits(request)) {
    throw new OAuthError('invalid_request', 'the request is too large: use a shorter state')
  }
  return context.transactions.withClientId(request, client.id)
}

/** Characters of an address of keys that travels with the request; of a longer one the document is asked again. */
const longestKeysUri = 128

/** So that a document that cannot be fetched ends no session (M-13). A registration carries its own. */
function keysOf({ source, keys }: Client): Pick<AuthorizationRequest, 'ju'> {
  if (source !== 'metadata-document' || !keys || !('uri' in keys)) return {}
  return keys.uri.length > longestKeysUri ? {} : { ju: keys.uri }
}

/**
 * Only if the operator switched the page off, for a host that the operator trusts, and when the person came by
 * themselves: a link on another site always meets the page (C-06, C-07).
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
