import { jsonResponse } from '../../base/well-formed.ts'
import { StoreUnavailable } from '../../store/store.ts'
import { LimitError, OAuthError } from '../errors.ts'
import { UnknownKey } from '../keys/compact.ts'
import { UnreadableSigningKey } from '../keys/signing-keys.ts'

/** Seconds that a client should wait after a fault of this server. */
export const retryAfter = 5

/** Lets browser-based clients of any origin read an answer (T-02, D-17). No cookies are involved. */
export const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Retry-After, ETag',
} as const

/** An answer with tokens or secrets must not be stored (RFC 6749 §5.1). */
const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' } as const

/** Answers with JSON that is not stored, unless `headers` has a `cache-control`. Then no `Pragma` is sent (RFC 9111 §5.4). */
export function json(body: object, status = 200, headers: Record<string, string> = {}): Response {
  const caching = 'cache-control' in headers ? {} : noStore
  return jsonResponse(body, {
    status,
    headers: { ...corsHeaders, ...caching, 'x-content-type-options': 'nosniff', ...headers },
  })
}

/** Answers 200 without a body, as after a revocation (RFC 7009 §2.2). */
export function empty(): Response {
  return new Response(null, { headers: { ...corsHeaders, ...noStore } })
}

/** Removes CORS headers: a web page could otherwise guess tokens from its visitors' IP addresses. */
export function withoutCors(response: Response): Response {
  for (const name of Object.keys(corsHeaders)) response.headers.delete(name)
  return response
}

/**
 * Answers a preflight (F-000-69). Any request header is allowed, as at `/mcp`, since cookies have no effect here. `*` alone would not
 * cover `Authorization` (D-17).
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
 * Answers 429 (RFC 6585 §4). Neither RFC 7591 nor RFC 7662 has a code for it. The codes of RFC 7591 §3.2.2 blame the metadata, and
 * clients then give up. `temporarily_unavailable` (RFC 6749 §4.1.2.1) means "the same request, later".
 *
 * @param seconds until the client may repeat the request
 */
export function tooManyRequests(
  seconds: number,
  description = 'too many requests from this address: try later',
): Response {
  const body = { error: 'temporarily_unavailable', error_description: description }
  return json(body, 429, { 'retry-after': String(seconds) })
}

/** Whether an error is a passing fault of this server. Its code must not make clients throw good credentials away (T-05, T-06). */
export function isOurFault(error: unknown): boolean {
  return error instanceof StoreUnavailable || error instanceof UnknownKey || error instanceof UnreadableSigningKey
}

/** Answers an error in the form of RFC 6749 §5.2. An unexpected error tells the client as little as possible. */
export function jsonError(error: unknown, request: Request): Response {
  if (isOurFault(error)) {
    return json({ error: 'temporarily_unavailable', error_description: 'try again in a moment' }, 503, {
      'retry-after': String(retryAfter),
    })
  }
  if (!(error instanceof OAuthError)) {
    return json({ error: 'server_error', error_description: 'something went wrong on our side' }, 500)
  }
  if (error instanceof LimitError) return tooManyRequests(error.retryAfter, error.description)
  const body = { error: error.code, error_description: error.description }
  if (error.code === 'temporarily_unavailable') return json(body, 503, { 'retry-after': String(retryAfter) })
  if (error.code !== 'invalid_client') return json(body, 400)
  // RFC 6749 §5.2: 401, with a challenge if the client sent an `Authorization` header.
  return json(body, 401, request.headers.has('authorization') ? { 'www-authenticate': 'Basic realm="oauth"' } : {})
}
