import { jsonResponse } from '../../base/well-formed.ts'
import { OAuthError, PageError } from '../errors.ts'
import { type Brand, type ErrorKind, errorPage, htmlResponse } from '../pages/index.ts'
import { isOurFault, retryAfter } from './json-answers.ts'

const statusOf: Partial<Record<ErrorKind, number>> = {
  'other-browser': 403,
  'cross-site': 403,
  'not-navigated': 403,
  speculative: 503,
  'too-many-sign-ins': 429,
  'client-unavailable': 503,
  'sign-in-unavailable': 503,
  'sign-in-stuck': 503,
  'not-configured': 503,
}

/** Seconds, where another time than usual makes sense: a publisher's outage is not over in a moment (M-12). */
const waitOf: Partial<Record<ErrorKind, number>> = { 'client-unavailable': 30 }

/** An error on a page of ours; as JSON for a program that asks for JSON (mcp-remote's preflight). */
export function pageErrorResponse(error: unknown, request: Request, brand: Brand, requestId: string): Response {
  const shown = asPageError(error)
  const status = statusOf[shown.kind] ?? otherStatus(shown, error)
  const headers: Record<string, string> =
    status === 503 ? { 'retry-after': String(waitOf[shown.kind] ?? retryAfter) } : {}
  const wire = { code: shown.code, description: shown.description }
  const accept = request.headers.get('accept') ?? ''
  if (accept.includes('application/json') && !accept.includes('text/html')) {
    return jsonResponse(
      { error: wire.code, error_description: wire.description },
      { status, headers: { ...headers, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } },
    )
  }
  return htmlResponse(errorPage({ brand, kind: shown.kind, requestId, error: wire, again: shown.again }), {
    status,
    headers,
  })
}

function otherStatus({ kind, code }: PageError, error: unknown): number {
  if (kind === 'unexpected') return isOurFault(error) ? 503 : 500
  return code === 'access_denied' ? 403 : 400
}

function asPageError(error: unknown): PageError {
  if (error instanceof PageError) return error
  if (error instanceof OAuthError) return new PageError('invalid-request', error.code, error.description)
  return isOurFault(error)
    ? new PageError('unexpected', 'temporarily_unavailable', 'try again in a moment')
    : new PageError('unexpected', 'server_error', 'something went wrong on our side')
}
