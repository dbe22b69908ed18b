import type { ValidatedRedirect } from '../clients/redirect-uri.ts'
import { isTrustedRedirect } from '../clients/trusted-redirect.ts'
import type { AuthorizationError } from '../errors.ts'
import { type Brand, htmlResponse, type Page, returnPage } from '../pages/index.ts'
import type { ReturnAddress } from './request.ts'

/** Sends the authorization response to the client (A-14 … A-17, RFC 9207). */
export interface Responder {
  /**
   * Whether an answer may go there without the person's click after the sign-in: a program on their own computer, or where
   * the operator vouches for. Not to an app's own scheme: any app may have registered for it (RFC 8252 §8.6).
   */
  mayRedirect(redirect: ValidatedRedirect): boolean
  /** `code`, `state` and `iss` to the redirect URI; where `mayRedirect` says no, only as the answer to the person's click. */
  success(to: ReturnAddress, code: string, cookies?: readonly string[]): Response
  /** The client has been told before: a page, with the way back to it as long as the code is good. */
  finished(to: ReturnAddress, code: string | undefined): Response
  /** An error, by itself only where nobody can be harmed by it: loopback, and hosts that the operator trusts. */
  failure(error: AuthorizationError, to: ReturnAddress, requestId: string, cookies?: readonly string[]): Response
  /**
   * An error of the request itself, before the person was asked anything: likewise, but that no page of ours then offers
   * to open an app: whoever sends people a link chooses the app, and what it is told.
   */
  refusal(error: AuthorizationError, to: ReturnAddress, requestId: string): Response
}

export function createResponder(options: {
  issuer: string
  brand: Brand
  /** Entries of `isTrustedRedirect`: https redirect URIs that may be redirected to without the person's click. */
  trustedHosts: ReadonlySet<string>
}): Responder {
  const { issuer, brand, trustedHosts } = options

  function locationOf({ redirect, state }: ReturnAddress, answer: Record<string, string>): string {
    const parameters = new URLSearchParams({ ...answer, ...(state === undefined ? {} : { state }), iss: issuer })
    // Appended to the very string that was registered: its own query stays as it is.
    return `${redirect.uri}${redirect.uri.includes('?') ? '&' : '?'}${parameters}`
  }

  const mayRedirect = ({ kind, uri }: ValidatedRedirect) =>
    kind === 'loopback' || (kind === 'https' && isTrustedRedirect(uri, trustedHosts))

  const locationOfError = ({ code, description }: AuthorizationError, to: ReturnAddress) =>
    locationOf(to, { error: code, error_description: description })

  function errorPage({ code, description }: AuthorizationError, requestId: string, location?: string): Page {
    const cancelled = code === 'access_denied'
    return returnPage({
      brand,
      outcome: cancelled ? 'cancelled' : 'failed',
      ...(location === undefined ? {} : { location }),
      requestId,
      ...(cancelled ? {} : { error: { code, description } }),
    })
  }

  return {
    mayRedirect,

    // To an app's own scheme as well: the click that this answers is what browsers ask for before they open an app.
    success: (to, code, cookies) => seeOther(locationOf(to, { code }), cookies),

    finished(to, code) {
      const location = code === undefined ? {} : { location: locationOf(to, { code }) }
      return htmlResponse(returnPage({ brand, outcome: 'finished', ...location }), { status: 200 })
    },

    failure(error, to, requestId, cookies = []) {
      const location = locationOfError(error, to)
      if (mayRedirect(to.redirect)) return seeOther(location, cookies)
      const status = error.code === 'access_denied' ? 200 : 400
      return htmlResponse(errorPage(error, requestId, location), { status, headers: cookieHeaders(cookies) })
    },

    refusal(error, to, requestId) {
      const location = locationOfError(error, to)
      if (mayRedirect(to.redirect)) return seeOther(location)
      const shown = to.redirect.kind === 'private-use' ? undefined : location
      return htmlResponse(errorPage(error, requestId, shown), { status: 400 })
    },
  }
}

/** 303 and no other: the browser follows with a GET and repeats no body. */
export function seeOther(location: string, cookies: readonly string[] = []): Response {
  const headers = cookieHeaders(cookies)
  headers.set('location', location)
  headers.set('cache-control', 'no-store')
  headers.set('referrer-policy', 'no-referrer')
  return new Response(null, { status: 303, headers })
}

export function cookieHeaders(cookies: readonly string[]): Headers {
  const headers = new Headers()
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return headers
}
