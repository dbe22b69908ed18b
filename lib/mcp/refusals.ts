import { jsonResponse } from '../base/well-formed.ts'
import { allowedMethods } from '../resource-server/cors.ts'
import { StoreUnavailable } from '../store/store.ts'

/** Seconds that a client should wait before it repeats a request that failed through our fault. */
const retryAfter = 5

/** A refusal as a JSON-RPC error. Without an `id`, it is about the whole request. */
export function jsonRpcError(
  status: number,
  code: number,
  message: string,
  { data, headers = {}, ...id }: { readonly id?: unknown; data?: object; headers?: Record<string, string> } = {},
): Response {
  return jsonResponse({ jsonrpc: '2.0', id: null, ...id, error: { code, message, data } }, { status, headers })
}

const headersOf405 = { Allow: allowedMethods }
export const methodNotAllowed = () => jsonRpcError(405, -32000, 'Method not allowed', { headers: headersOf405 })

export const originRefused = () => jsonRpcError(403, -32000, 'Forbidden: this origin may not use the server')

/** A failure of ours. 503 when the token could not be verified: a 401 would make the client discard a good one. */
export function failed(error: unknown): Response {
  if (!(error instanceof StoreUnavailable)) return jsonRpcError(500, -32603, 'Internal error')
  return jsonResponse(
    { error: 'temporarily_unavailable', message: 'The token cannot be verified right now. Try again in a moment.' },
    { status: 503, headers: { 'Retry-After': String(retryAfter) } },
  )
}
