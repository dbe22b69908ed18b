import { anyKey, capabilities } from '../capabilities.ts'
import type { BlockedClients } from '../clients/blocked-clients.ts'
import type { Client } from '../clients/client.ts'
import { matchRedirectUri, type RedirectPolicy, type ValidatedRedirect } from '../clients/redirect-uri.ts'
import type { Clients } from '../clients/resolve.ts'
import { OAuthError, PageError } from '../errors.ts'
import type { Parameters } from '../http/parameters.ts'
import type { ProviderPrompt } from '../providers/provider.ts'
import { mayOfferAdminScope, type ScopeContext } from '../scope-rules.ts'
import type { Scopes } from '../scopes.ts'
import { challengeForm } from '../token/pkce.ts'
import { onPage } from './on-page.ts'
import type { AuthorizationRequest } from './request.ts'

// Every check of an authorization request, in the order in which they run. `authorize` runs them all; `approve`,
// `callback` and `confirm` repeat the last one.

// The first two fail with `PageError`: until both have passed, nothing redirects.

/** Resolves `client_id`. Throws `PageError`. */
export async function requireClient(parameters: Parameters, clients: Clients, signal: AbortSignal): Promise<Client> {
  const clientId = onPage('invalid-request', () => parameters.get('client_id'))
  if (clientId === undefined) throw new PageError('invalid-request', 'invalid_request', 'client_id is missing')
  const client = await clients.resolve(clientId, signal)
  if (!('kind' in client)) return client
  const { detail } = client
  switch (client.kind) {
    case 'invalid':
      throw new PageError('unknown-client', 'invalid_client', 'client_id is unknown: register again', { detail })
    case 'unavailable': {
      const description = "the client's metadata document cannot be fetched"
      throw new PageError('client-unavailable', 'temporarily_unavailable', description, { detail })
    }
    case 'limited': {
      const { retryAfter } = client
      const description = 'too many sign-ins: try again later'
      throw new PageError('too-many-sign-ins', 'temporarily_unavailable', description, { detail, retryAfter })
    }
  }
}

/** Finds `redirect_uri` among those that the client registered. Throws `PageError`. */
export function requireRedirectUri(parameters: Parameters, client: Client, policy: RedirectPolicy): ValidatedRedirect {
  const requested = onPage('invalid-redirect-uri', () => parameters.get('redirect_uri'))
  const redirect = matchRedirectUri(client.redirectUris, requested, policy)
  if (redirect) return redirect
  const description =
    requested === undefined ? 'redirect_uri is missing' : 'redirect_uri is not registered for this client'
  throw new PageError('invalid-redirect-uri', 'invalid_request', description)
}

// The checks from here on fail with `OAuthError`, and the client is told the error.

/** The most characters of a `state`. Clients put whole sealed records of their own into it. */
export const longestState = 4096

/** Stands in decoded text for bytes that are not UTF-8. */
const notUtf8 = '\u{FFFD}'

/** `state` may be any text that can be echoed. Throws `OAuthError`. */
export function checkState(parameters: Parameters): void {
  const state = parameters.get('state') ?? ''
  if (state.includes(notUtf8)) throw new OAuthError('invalid_request', 'state is not UTF-8')
  if ([...state].length > longestState) {
    throw new OAuthError('invalid_request', `state is longer than ${longestState} characters`)
  }
}

/**
 * Returns the `state` that every answer echoes byte for byte, errors included. A repeated `state` is ambiguous and a
 * `state` that is not UTF-8 cannot be echoed unchanged, so neither is echoed.
 */
export function stateOf(parameters: Parameters): string | undefined {
  const [state, ...others] = parameters.all('state')
  return others.length === 0 && !state?.includes(notUtf8) ? state : undefined
}

/** Refuses request objects, and every `request_uri` that was not opened. None is ever fetched. Throws `OAuthError`. */
export function refuseRequestObjects(parameters: Parameters): void {
  if (parameters.all('request').length > 0) {
    throw new OAuthError('request_not_supported', 'request objects are not supported')
  }
  if (parameters.all('request_uri').length > 0) {
    throw new OAuthError('request_uri_not_supported', 'request_uri is not supported')
  }
}

/** Accepts only `response_type=code`, answered in the query. Throws `OAuthError`. */
export function checkResponseType(parameters: Parameters): void {
  const responseType = parameters.get('response_type')
  if (responseType === undefined) throw new OAuthError('invalid_request', 'response_type is missing')
  if (!capabilities.responseTypes.some((type) => type === responseType)) {
    throw new OAuthError('unsupported_response_type', 'use response_type=code')
  }
  const responseMode = parameters.get('response_mode')
  if (responseMode !== undefined && !capabilities.responseModes.some((mode) => mode === responseMode)) {
    throw new OAuthError('invalid_request', 'use response_mode=query')
  }
}

/**
 * Every client must use PKCE with S256. A missing `code_challenge_method` means `plain` (RFC 7636 §4.3), which is
 * refused. Throws `OAuthError`.
 */
export function requireCodeChallenge(parameters: Parameters): string {
  const challenge = parameters.get('code_challenge')
  const method = parameters.get('code_challenge_method')
  if (challenge === undefined) throw new OAuthError('invalid_request', 'code_challenge is missing')
  if (!capabilities.codeChallengeMethods.some((supported) => supported === method)) {
    throw new OAuthError('invalid_request', 'use code_challenge_method=S256')
  }
  if (!challengeForm.test(challenge)) throw new OAuthError('invalid_request', 'code_challenge is not an S256 challenge')
  return challenge
}

/**
 * Returns the key to which the code is bound: the one that the request names (RFC 9449 §10), or any key for a client that
 * registered to use DPoP only (§5.2). Throws `OAuthError`.
 */
export function boundKey(parameters: Parameters, { requires }: Client): string | undefined {
  const jkt = parameters.get('dpop_jkt')
  if (jkt === undefined) return requires?.includes('dpop_bound_access_tokens') ? anyKey : undefined
  if (!challengeForm.test(jkt)) throw new OAuthError('invalid_request', 'dpop_jkt is not a thumbprint')
  return jkt
}

/** The form of one scope in the list (RFC 6749 §3.3). */
const scopeForm = /^[\x21\x23-\x5B\x5D-\x7E]+$/

/**
 * Returns the scope that the user will be asked to grant: the requested scopes that this server knows. Unknown scopes are
 * dropped instead of refused, since clients ask for `openid`, `claudeai` and others. Malformed scopes are dropped
 * too, unless all of them are malformed. If nothing remains, the client gets the scope it registered, or else the least
 * that is useful. Throws `OAuthError`.
 *
 * The registered scope of a client is not a ceiling (C-14). The client wrote it itself, from what the first challenge asked
 * for. A ceiling would protect no user, and the client could not step up later (C-15). The user decides on the consent
 * page. The scope of a client in the operator's configuration is a ceiling.
 */
export function grantableScope(parameters: Parameters, client: Client, { scopes, scopeRules }: ScopeContext): string {
  const requested = (parameters.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  const wanted = requested.filter((scope) => scopeForm.test(scope))
  if (wanted.length === 0 && requested.length > 0) throw new OAuthError('invalid_scope', 'scope is malformed')
  const registered = client.scope?.split(' ') ?? []
  const { all, initial } = scopes
  const ceiling = client.scopeCeiling?.split(' ') ?? all
  const grantable = all.filter((scope) => ceiling.includes(scope) && scopeRules?.isOffered(scope) !== false)
  const choices = [wanted, registered, initial].map((names) => grantable.filter((scope) => names.includes(scope)))
  return (choices.find((choice) => choice.length > 0) ?? initial).join(' ')
}

/** Returns the scope that the user may add, if the client asks for it and may have it (N8). It is otherwise dropped. */
export function addableScope(
  parameters: Parameters,
  client: Client,
  isTrusted: boolean,
  { scopes: { admin }, scopeRules }: ScopeContext,
): AuthorizationRequest['addable'] {
  if (admin === undefined || !parameters.get('scope')?.split(' ').includes(admin)) return undefined
  return scopeRules?.isOffered(admin) && mayOfferAdminScope(client, isTrusted, admin) ? admin : undefined
}

/** Returns the scopes of a request that the user may leave out. If the request has no other scopes, there are none. */
export function optionalScopesOf(scope: string, scopes: Scopes): readonly string[] {
  const asked = scope.split(' ')
  const optional = scopes.optional.filter((each) => asked.includes(each))
  return optional.length < asked.length ? optional : []
}

/**
 * Returns the `prompt` to pass on to the OpenID Provider: `login` or `select_account`. The consent page is always
 * shown, so `consent` asks for nothing new and `none` cannot be met. Throws `OAuthError`.
 */
export function checkPrompt(parameters: Parameters): ProviderPrompt | undefined {
  const values = parameters.get('prompt')?.split(' ') ?? []
  if (values.includes('none')) {
    throw values.length === 1
      ? new OAuthError('login_required', 'prompt=none cannot be met: the user must sign in interactively')
      : new OAuthError('invalid_request', 'prompt=none excludes other values')
  }
  if (values.includes('select_account')) return 'select_account'
  return values.includes('login') ? 'login' : undefined
}

/** Where an answer may go. The redirect URI is validated; `state` is the client's own text. */
export interface ReturnAddress {
  readonly redirect: ValidatedRedirect
  readonly state: string | undefined
}

/**
 * Checks a sealed request again at every later step: the operator may have blocked the client since, or tightened the
 * rules for redirect URIs. Returns where the answer goes. Throws `PageError`.
 */
export function requireStillAllowed(
  request: AuthorizationRequest,
  { blocked, redirectPolicy }: { readonly blocked: BlockedClients; readonly redirectPolicy: RedirectPolicy },
): ReturnAddress {
  const { clientHash: hash, verifiedHost, redirectUri, registeredAt: issuedAt, state } = request
  const hosts = verifiedHost === undefined ? [] : [verifiedHost]
  if (blocked.blocks({ hash, urls: [redirectUri], hosts, issuedAt })) {
    throw new PageError('unknown-client', 'invalid_client', 'this client has been blocked')
  }
  const redirect = matchRedirectUri([redirectUri], redirectUri, redirectPolicy)
  if (redirect) return { redirect, state }
  throw new PageError('invalid-redirect-uri', 'invalid_request', 'redirect_uri is no longer acceptable')
}
