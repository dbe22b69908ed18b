import * as v from 'valibot'
import { capabilities, paths } from '../capabilities.ts'
import { matchRedirectUri, type RedirectPolicy, type ValidatedRedirect } from '../clients/redirect-uri.ts'
import { PageError } from '../errors.ts'

/**
 * A validated authorization request as it travels: sealed in the consent form, then in the transaction cookie. Member
 * names are short, since a browser carries it.
 */
export const authorizationRequestEntries = {
  /** base64url SHA-256 of client_id; the client's name and verified host, if it has them. */
  c: v.string(),
  cn: v.exactOptional(v.string()),
  ch: v.exactOptional(v.string()),
  /** When the client registered, in seconds since the epoch; absent: it has a metadata document. */
  i: v.exactOptional(v.number()),
  /** The client_id itself, where there is room for it: only to begin anew with, as if the client had sent its request again. */
  ci: v.exactOptional(v.string()),
  redirect_uri: v.string(),
  state: v.exactOptional(v.string()),
  /** code_challenge (S256). */
  p: v.string(),
  resource: v.string(),
  scope: v.string(),
  /** Scopes that were asked for, and that the person has left out on the consent page. */
  lo: v.exactOptional(v.string()),
  prompt: v.exactOptional(v.picklist(['login', 'select_account'])),
  /** Client authentication methods that may redeem the code (T-10). */
  m: v.array(v.picklist(capabilities.tokenEndpointAuthMethods)),
  /** The address of the client's keys, if it publishes them. */
  ju: v.exactOptional(v.string()),
  /** Whether the client uses refresh tokens (T-19). */
  rt: v.boolean(),
}
const AuthorizationRequest = v.object(authorizationRequestEntries)
export type AuthorizationRequest = v.InferOutput<typeof AuthorizationRequest>

/** Where an answer may be sent to: the redirect URI is proven, `state` is the client's own. */
export interface ReturnAddress {
  readonly redirect: ValidatedRedirect
  readonly state: string | undefined
  readonly clientName: string | undefined
}

/** Proves the redirect URI of a sealed request once more: the policy may have been tightened since. Throws `PageError`. */
export function returnAddressOf(request: AuthorizationRequest, policy: RedirectPolicy): ReturnAddress {
  const redirect = matchRedirectUri([request.redirect_uri], request.redirect_uri, policy)
  if (!redirect) {
    throw new PageError('invalid-redirect-uri', 'invalid_request', 'redirect_uri is no longer acceptable')
  }
  return { redirect, state: request.state, clientName: request.cn }
}

/**
 * The authorization request as the client would send it again: every check is made anew, and the person is asked anew.
 * `undefined`: there was no room for the client_id.
 */
export function askAnew(request: AuthorizationRequest): string | undefined {
  if (request.ci === undefined) return undefined
  const parameters = new URLSearchParams({
    response_type: 'code',
    client_id: request.ci,
    redirect_uri: request.redirect_uri,
    ...(request.state === undefined ? {} : { state: request.state }),
    code_challenge: request.p,
    code_challenge_method: 'S256',
    resource: request.resource,
    // What the person left out is asked anew as well.
    scope: request.lo === undefined ? request.scope : `${request.scope} ${request.lo}`,
    ...(request.prompt === undefined ? {} : { prompt: request.prompt }),
  })
  return `${paths.authorize}?${parameters}`
}
