import { jsonResponse } from '../../base/well-formed.ts'
import { StoreUnavailable } from '../../store/store.ts'
import { LimitError, OAuthError } from '../errors.ts'
import { UnknownKey } from '../keys/compact.ts'
import { UnreadableSigningKey } from '../keys/signing-keys.ts'

/** Seconds a client is asked to wait when the fault is ours. */
export const retryAfter = 5

/** Answers that browser-based clients of any origin may read (T-02, D-17); no credentials are involved. */
export const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Retry-After, ETag',
} as const

/** RFC 6749 §5.1: nothing with tokens or secrets in it may be stored. */
const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' } as const

/** `headers`: with a `cache-control` of its own the answer may be kept, and no `Pragma` contradicts it (RFC 9111 §5.4). */
export function json(body: object, status = 200, headers: Record<string, string> = {}): Response {
  const caching = 'cache-control' in headers ? {} : noStore
  return jsonResponse(body, {
    status,
    headers: { ...corsHeaders, ...caching, 'x-content-type-options': 'nosniff', ...headers },
  })
}

/** 200 without a body: RFC 7009 §2.2 has nothing to say. */
export function empty(): Response {
  return new Response(null, { headers: { ...corsHeaders, ...noStore } })
}

/** For whom no script of a web page may be: one that guesses tokens would have the addresses of all its visitors. */
export function withoutCors(response: Response): Response {
  for (const name of Object.keys(corsHeaders)) response.headers.delete(name)
  return response
}

/**
 * The answer to a preflight (F-000-69): any header, as at `/mcp`, since no cookie means anything here. `*` would not cover
 * `Authorization` (D-17).
 */
export function preflight(allow: string): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...corsHeaders,
      'access-control-allow-methods': allow,
      'access-control-allow-headers': 'Authorization, Content-Type, Accept, MCP-Protocol-Version, If-None-Match, *',
      'access-control-max-age': '86400',
    },
  })
}

/**
 * 429 by RFC 6585 §4. Neither RFC 7591 nor RFC 7662 has a code for it: those of RFC 7591 §3.2.2 say that the metadata is
 * at fault, upon which clients give up. `temporarily_unavailable` (RFC 6749 §4.1.2.1) is the one that means "the same
 * request, later". `seconds` until then.
 */
export function tooManyRequests(seconds: number): Response {
  const body = { error: 'temporarily_unavailable', error_description: 'too many requests from this address: try later' }
  return json(body, 429, { 'retry-after': String(seconds) })
}

/** Our own fault, and a passing one: never a code that makes clients throw away what they have (T-05, T-06). */
export function isOurFault(error: unknown): boolean {
  return error instanceof StoreUnavailable || error instanceof UnknownKey || error instanceof UnreadableSigningKey
}

/** An error in the form of RFC 6749 §5.2. Whatever was not foreseen is told as little as possible. */
export function jsonError(error: unknown, request: Request): Response {
  if (isOurFault(error)) {
    return json({ error: 'temporarily_unavailable', error_description: 'try again in a moment' }, 503, {
      'retry-after': String(retryAfter),
    })
  }
  if (!(error instanceof OAuthError)) {
    return json({ error: 'server_error', error_description: 'something went wrong on our side' }, 500)
  }
  const body = { error: error.code, error_description: error.description }
  if (error instanceof LimitError) return json(body, 429, { 'retry-after': String(error.retryAfter) })
  if (error.code === 'temporarily_unavailable') return json(body, 503, { 'retry-after': String(retryAfter) })
  if (error.code !== 'invalid_client') return json(body, 400)
  // RFC 6749 §5.2: 401, with a challenge when the client tried to authenticate by the header.
  return json(body, 401, request.headers.has('authorization') ? { 'www-authenticate': 'Basic realm="oauth"' } : {})
}
