import { defined } from '../../base/defined.ts'
import { jsonResponse } from '../../base/well-formed.ts'
import type { Brand } from '../../pages/brand.ts'
import { htmlResponse } from '../../pages/html-response.ts'
import { type ErrorCode, type ErrorKind, OAuthError, PageError } from '../errors.ts'
import { errorPage } from '../pages/error.ts'
import type { Reference } from '../pages/technical-details.ts'
import { isOurFault, retryAfter as usualWait } from './json-answers.ts'

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

/** Seconds to wait where the usual time is too short: an outage of a publisher's site takes longer (M-12). */
const waitOf: Partial<Record<ErrorKind, number>> = { 'client-unavailable': 30 }

const notStored = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** Answers an error with an error page. A program that asks for JSON gets JSON, as the preflight of mcp-remote does. */
export function pageErrorResponse(error: unknown, request: Request, brand: Brand, reference: Reference): Response {
  const { kind, code, description, again, retryAfter, extras } = asPageError(error)
  const { remedy, provider = brand.provider } = extras
  const status = statusOf[kind] ?? otherStatus(kind, code, error)
  const wait = retryAfter ?? (status === 503 ? (waitOf[kind] ?? usualWait) : undefined)
  const headers = defined({ 'retry-after': wait?.toString() })
  const accept = request.headers.get('accept') ?? ''
  if (accept.includes('application/json') && !accept.includes('text/html')) {
    const said = { error: code, error_description: description }
    return jsonResponse(said, { status, headers: { ...headers, ...notStored } })
  }
  const page = { brand: { ...brand, provider }, kind, ...reference, error: { code, description }, again, remedy }
  return htmlResponse(errorPage(page), { status, headers })
}

function otherStatus(kind: ErrorKind, code: ErrorCode, error: unknown): number {
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
