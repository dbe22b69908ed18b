import type { Call } from '../../base/call.ts'
import type { Log } from '../../base/log.ts'
import { jsonResponse } from '../../base/well-formed.ts'
import { backChannelLogoutPath } from '../capabilities.ts'
import { OAuthError } from '../errors.ts'
import { isOurFault, retryAfter } from '../http/json-answers.ts'
import { readForm } from '../http/parameters.ts'
import { ProviderError } from '../providers/provider.ts'
import type { VerifyToken } from './issuer.ts'
import { type Logout, logoutOf } from './logout-token.ts'
import { TokenRefused } from './signed-token.ts'
import type { UsedTokens } from './used-tokens.ts'

/** The path of a provider's endpoint: each has one of its own, as for callbacks (N4). `name` is absent for the default provider. */
export const logoutPath = (name: string | undefined): string =>
  name === undefined ? backChannelLogoutPath : `${backChannelLogoutPath}/${name}`

export interface BackChannelLogoutOptions {
  readonly verify: VerifyToken
  readonly use: UsedTokens
  /** Ends sessions of browsers. Repeating it changes nothing. Throws `StoreUnavailable`. */
  readonly signOut: (logout: Logout, signal: AbortSignal) => Promise<void>
  /**
   * Ends every grant of a person that was made before `at` (milliseconds). Absent: a sign-out in a browser disconnects no client (N4).
   * Throws `StoreUnavailable`.
   */
  readonly endGrants?: ((sub: string, at: number, signal: AbortSignal) => Promise<void>) | undefined
  readonly log: Log
}

/**
 * Makes the endpoint that the OpenID Provider calls when a person has signed out there (OpenID Connect Back-Channel Logout 1.0 §2.5 to
 * §2.8). The answer is 200 or 400. §2.8 requires 400 also where a valid sign-out could not be carried out; `Retry-After` then tells a
 * provider that repeats requests (§2.5) that this one is worth repeating.
 */
export function createBackChannelLogout(options: BackChannelLogoutOptions) {
  const { verify, use, signOut, endGrants, log } = options

  async function signedOut(request: Request, signal: AbortSignal): Promise<void> {
    const token = (await readForm(request)).get('logout_token')
    if (token === undefined) throw new OAuthError('invalid_request', 'logout_token is missing')
    const claims = await verify(token, signal)
    const logout = logoutOf(claims)
    const { sub, session, at } = logout
    const { done, finish } = await use(claims, 'logout', signal, `${sub ?? ''} ${session ?? ''}`)
    if (done) return log('logout_repeated', { sub })
    await signOut(logout, signal)
    if (endGrants && sub === undefined) {
      log('logout_refused', { reason: 'no-sub' })
      throw new OAuthError('invalid_request', 'the token must have a sub: sign-outs end grants here')
    }
    if (endGrants && sub !== undefined) await endGrants(sub, at, signal)
    await finish(signal)
    log('logout_received', { sub, session: session !== undefined, grants: endGrants !== undefined })
  }

  return async (request: Request, { signal }: Pick<Call, 'signal'>): Promise<Response> => {
    if (request.method !== 'POST') {
      return new Response(null, { status: 405, headers: { ...noStore, allow: 'POST' } })
    }
    try {
      await signedOut(request, signal)
      return new Response(null, { status: 200, headers: noStore })
    } catch (error) {
      return refusal(error, log)
    }
  }
}

/** Logs why, and tells the caller as little as it needs. */
function refusal(error: unknown, log: Log): Response {
  const answer = (code: string, description: string, more: Readonly<Record<string, string>> = {}) =>
    jsonResponse({ error: code, error_description: description }, { status: 400, headers: { ...noStore, ...more } })
  if (error instanceof OAuthError) return answer(error.code, error.description)
  if (error instanceof TokenRefused) {
    log('logout_refused', { reason: error.fault })
    return answer('invalid_request', 'the logout token is not valid')
  }
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'
  log('logout_failed', { reason })
  if (isOurFault(error) || error instanceof ProviderError) {
    const again = { 'retry-after': String(retryAfter) }
    return answer('temporarily_unavailable', 'the sign-out could not be carried out: try again', again)
  }
  return answer('server_error', 'something went wrong on our side')
}

/** §2.8: caches must not answer a later sign-out. */
const noStore = { 'cache-control': 'no-store' }
