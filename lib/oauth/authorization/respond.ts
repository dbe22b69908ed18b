import type { ValidatedRedirect } from '../clients/redirect-uri.ts'
import { isTrustedRedirect } from '../clients/trusted-redirect.ts'
import type { AuthorizationError } from '../errors.ts'
import { type Brand, htmlResponse, returnPage } from '../pages/index.ts'
import type { ReturnAddress } from './request.ts'

/** Sends the authorization response to the client (A-14 … A-17, RFC 9207). */
export interface Responder {
  /** Whether an answer may go there without the person's click: an own program or app, or where the operator vouches for. */
  mayRedirect(redirect: ValidatedRedirect): boolean
  /** `code`, `state` and `iss` to the redirect URI. */
  success(to: ReturnAddress, code: string, cookies?: readonly string[]): Response
  /** An error, by itself only where nobody can be harmed by it: loopback, and hosts that the operator trusts. */
  failure(error: AuthorizationError, to: ReturnAddress, requestId: string, cookies?: readonly string[]): Response
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

  const mayRedirect = ({ kind, uri }: ValidatedRedirect) => kind !== 'https' || isTrustedRedirect(uri, trustedHosts)

  return {
    mayRedirect,

    success(to, code, cookies = []) {
      const location = locationOf(to, { code })
      if (to.redirect.kind !== 'private-use') return seeOther(location, cookies)
      // A browser drops a redirect to an app's own scheme without a word: the person clicks.
      return htmlResponse(returnPage({ brand, outcome: 'signed-in', location, ...nameOf(to) }), {
        status: 200,
        headers: cookieHeaders(cookies),
      })
    },

    failure(error, to, requestId, cookies = []) {
      const location = locationOf(to, { error: error.code, error_description: error.description })
      if (to.redirect.kind !== 'private-use' && mayRedirect(to.redirect)) return seeOther(location, cookies)
      const cancelled = error.code === 'access_denied'
      const page = returnPage({
        brand,
        outcome: cancelled ? 'cancelled' : 'failed',
        location,
        requestId,
        ...(cancelled ? {} : { error: { code: error.code, description: error.description } }),
        ...nameOf(to),
      })
      return htmlResponse(page, { status: cancelled ? 200 : 400, headers: cookieHeaders(cookies) })
    },
  }
}

const nameOf = ({ clientName }: ReturnAddress) => (clientName === undefined ? {} : { clientName })

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
