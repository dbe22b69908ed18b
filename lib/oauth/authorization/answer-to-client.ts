import { defined } from '../../base/defined.ts'
import type { Brand } from '../../pages/brand.ts'
import { htmlResponse } from '../../pages/html-response.ts'
import type { Page } from '../../pages/layout.ts'
import type { ValidatedRedirect } from '../clients/redirect-uri.ts'
import { isTrustedRedirect } from '../clients/trusted-redirect.ts'
import { type ErrorCode, OAuthError } from '../errors.ts'
import type { ReturnPageInput } from '../pages/return.ts'
import type { Reference } from '../pages/technical-details.ts'
import type { ReturnAddress } from './checks.ts'

/** An error that may go back to the client. Its type proves that the client and the redirect URI are validated. */
export class AuthorizationError extends OAuthError {
  override readonly name = 'AuthorizationError'
  readonly to: ReturnAddress

  constructor(to: ReturnAddress, code: ErrorCode, description: string) {
    super(code, description)
    this.to = to
  }
}

/** Sends the authorization response to the client (A-14 … A-17, RFC 9207). */
export type Responder = ReturnType<typeof createResponder>

export function createResponder(options: {
  issuer: string
  brand: Brand
  /** Entries for `isTrustedRedirect`: https redirect URIs that may be redirected to without a click of the user. */
  trustedRedirects: ReadonlySet<string>
}) {
  const { issuer, brand, trustedRedirects } = options

  function locationOf({ redirect, state }: ReturnAddress, answer: Record<string, string>): string {
    const parameters = new URLSearchParams(defined({ ...answer, state, iss: issuer }))
    // Appends to the registered string itself, so that its own query stays as it is.
    return `${redirect.uri}${redirect.uri.includes('?') ? '&' : '?'}${parameters}`
  }

  /** Whether the operator trusts the place that the answer goes to. */
  const isTrusted = ({ kind, uri }: ValidatedRedirect) => kind === 'https' && isTrustedRedirect(uri, trustedRedirects)

  /**
   * Whether an answer may go there without a click of the user after the sign-in: to a program on the user's own computer,
   * or to a host that the operator trusts. Never to an app's own scheme, which any app may have registered (RFC 8252 §8.6).
   */
  const mayRedirect = (redirect: ValidatedRedirect) => redirect.kind === 'loopback' || isTrusted(redirect)

  const locationOfError = ({ code, description, to }: AuthorizationError) =>
    locationOf(to, { error: code, error_description: description })

  function errorPage(
    { code, description }: AuthorizationError,
    reference: Reference,
    location?: string,
  ): Promise<Page> {
    return code === 'access_denied'
      ? returnPage({ brand, outcome: 'canceled', location, ...reference })
      : returnPage({ brand, outcome: 'failed', location, ...reference, error: { code, description } })
  }

  return {
    isTrusted,
    mayRedirect,

    /**
     * Redirects with `code`, `state` and `iss`. Where `mayRedirect` says no, call it only as the answer to the user's click.
     * Also redirects to an app's own scheme: browsers open an app only after a click, and this answers one.
     */
    success: (to: ReturnAddress, code: string, cookies?: readonly string[]) =>
      seeOther(locationOf(to, { code }), cookies),

    /** Shows that the client already has its answer. The page links back to the client while the code is valid. */
    async finished(to: ReturnAddress, code: string | undefined, { attempt }: Reference): Promise<Response> {
      const location = code === undefined ? undefined : locationOf(to, { code })
      return htmlResponse(await returnPage({ brand, outcome: 'finished', location, attempt }), { status: 200 })
    },

    /** Redirects with an error where `mayRedirect` says yes. Elsewhere shows the error on a page with a link to the client. */
    async failure(error: AuthorizationError, reference: Reference, cookies: readonly string[] = []): Promise<Response> {
      const location = locationOfError(error)
      if (mayRedirect(error.to.redirect)) return seeOther(location, cookies)
      const status = error.code === 'access_denied' ? 200 : 400
      return htmlResponse(await errorPage(error, reference, location), { status, headers: cookieHeaders(cookies) })
    },

    /**
     * Answers an error in the request itself, before the user was asked anything. Like `failure`, except that the page has no
     * link that opens an app: the author of a malicious link would choose the app and what it is told.
     */
    async refusal(error: AuthorizationError, reference: Reference): Promise<Response> {
      const location = locationOfError(error)
      if (mayRedirect(error.to.redirect)) return seeOther(location)
      const shown = error.to.redirect.kind === 'private-use' ? undefined : location
      return htmlResponse(await errorPage(error, reference, shown), { status: 400 })
    },
  }
}

/** Makes the page. Its code is loaded when a user first sees it. */
const returnPage = async (input: ReturnPageInput): Promise<Page> =>
  (await import('../pages/return.ts')).returnPage(input)

/** Redirects with 303: the browser follows with a GET and repeats no body. */
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
