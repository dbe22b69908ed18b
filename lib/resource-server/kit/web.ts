import { jsonOf } from '../../base/json.ts'
import type { AuthInfo, ResourceServer } from './resource-server.ts'

/** Bytes that `protect` reads of a body at most. The MCP SDK has the same limit. */
const mostBytes = 4 * 1024 * 1024

/** The part of the MCP server that gets a request. `parsedBody` is there if the body has been read. */
export type Handler = (
  request: Request,
  caller: { readonly authInfo: AuthInfo; readonly parsedBody?: unknown },
) => Response | Promise<Response>

/**
 * Puts a resource server before a handler of web-standard requests: Deno, Bun, Cloudflare, Netlify, Next.js and others. It answers
 * requests for the metadata and preflights, and refuses requests without a good token.
 */
export function protect(server: ResourceServer, handler: Handler): (request: Request) => Promise<Response> {
  return async (request) => {
    const response =
      server.metadataResponse(request.method, new URL(request.url).pathname) ??
      (request.method === 'OPTIONS' ? server.preflight() : await answer(server, handler, request))
    return withCors(server, request, response)
  }
}

async function answer(server: ResourceServer, handler: Handler, request: Request): Promise<Response> {
  const outcome = await checkRequest(server, request)
  if (outcome instanceof Response) return outcome
  const { body, ...caller } = outcome
  // The body has been read. The handler gets a request with the same bytes.
  return handler(body === undefined ? request : new Request(request, { body }), caller)
}

/** Returns who sends a request, and its body if that was needed; or the refusal. */
export async function checkRequest(
  server: ResourceServer,
  request: Request,
): Promise<
  Response | { readonly authInfo: AuthInfo; readonly body?: Uint8Array<ArrayBuffer>; readonly parsedBody?: unknown }
> {
  const outcome = await server.authenticate(request.headers.get('authorization'))
  if (outcome.kind === 'refused') return outcome.response
  const authInfo = outcome.auth
  if (!server.readsBodies || request.method !== 'POST') return { authInfo }
  const body = await readBody(request)
  if (body === undefined) return new Response(null, { status: 413 })
  // Decoded as `request.json()` decodes it: a byte order mark does not count. The handler must read the same calls.
  const parsedBody = jsonOf(new TextDecoder().decode(body))
  const refusal = server.authorize(authInfo, parsedBody)
  if (refusal) return refusal
  return { authInfo, body, ...(parsedBody !== undefined && { parsedBody }) }
}

async function readBody(request: Request): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of request.body ?? []) {
    length += piece.byteLength
    if (length > mostBytes) return undefined
    pieces.push(piece)
  }
  return new Uint8Array(Buffer.concat(pieces))
}

/** The same answer with CORS headers. A body that streams goes on streaming. */
export function withCors(server: ResourceServer, request: Request, response: Response): Response {
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(server.corsHeaders)) headers.set(name, value)
  if (!headers.has('cache-control')) headers.set('Cache-Control', 'no-store')
  return new Response(request.method === 'HEAD' ? null : response.body, { status: response.status, headers })
}
