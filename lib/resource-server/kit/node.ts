import type { IncomingMessage, ServerResponse } from 'node:http'
import { isObject, jsonOf } from '../../base/json.ts'
import type { AuthInfo, ResourceServer } from './resource-server.ts'

/** Bytes that are read of a body at most. The MCP SDK has the same limit. */
const mostBytes = 4 * 1024 * 1024

/**
 * The part of the MCP server that gets a request. `request.auth` is set, as the transports of the MCP SDK take it. `parsedBody` is there
 * if the body has been read.
 */
export type NodeHandler = (
  request: IncomingMessage & { auth: AuthInfo },
  response: ServerResponse,
  parsedBody?: unknown,
) => unknown

/** Puts a resource server before a listener of `node:http`. */
export function protectNode(
  server: ResourceServer,
  handler: NodeHandler,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  async function check(request: IncomingMessage, response: ServerResponse) {
    if (await answerMetadata(server, request, response)) return null
    const auth = await authenticateRequest(server, request, response)
    const read = auth && (await authorizeRequest(server, auth, request, response))
    return read && { auth, ...read }
  }

  /** A listener that rejects ends the process. The client may have gone while its body was read. */
  function failed(response: ServerResponse): null {
    if (!response.headersSent) response.writeHead(500)
    response.end()
    return null
  }

  return async (request, response) => {
    const checked = await check(request, response).catch(() => failed(response))
    if (checked) await handler(Object.assign(request, { auth: checked.auth }), response, checked.parsedBody)
  }
}

/** Returns who sends a request that has passed `protect`. Throws for every other request. */
export function authOf(request: object): AuthInfo {
  const { auth } = request as { auth?: AuthInfo }
  if (auth === undefined) throw new TypeError('the request has not passed the resource server')
  return auth
}

/** Answers a request for the metadata. Returns whether it was one. */
export async function answerMetadata(
  server: ResourceServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const found = server.metadataResponse(request.method ?? 'GET', pathOf(request))
  if (found === null) return false
  setHeaders(server, response)
  await send(found, request, response)
  return true
}

/** Returns who sends a request, and sets `request.auth`; or answers it, and returns `null`. */
export async function authenticateRequest(
  server: ResourceServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<AuthInfo | null> {
  setHeaders(server, response)
  if (request.method === 'OPTIONS') return answered(server.preflight(), request, response)
  const outcome = await server.authenticate(authorizationOf(request))
  if (outcome.kind === 'refused') return answered(outcome.response, request, response)
  Object.assign(request, { auth: outcome.auth })
  return outcome.auth
}

/**
 * Checks the scopes of the tools that a request calls: returns its body, if it was read, or answers it and returns `null`.
 *
 * @param given the body, if the framework has parsed it already
 */
export async function authorizeRequest(
  server: ResourceServer,
  auth: AuthInfo,
  request: IncomingMessage,
  response: ServerResponse,
  given?: unknown,
): Promise<{ readonly parsedBody?: unknown } | null> {
  if (!server.readsBodies || request.method !== 'POST') return given === undefined ? {} : { parsedBody: given }
  const parsedBody = given === undefined || isUnread(given, request) ? await readJson(request) : given
  if (parsedBody === tooLong) return answered(new Response(null, { status: 413 }), request, response)
  const refusal = server.authorize(auth, parsed(parsedBody))
  return refusal ? answered(refusal, request, response) : { parsedBody }
}

/** Whether a parser has left the body to others. That of Express 4 then sets an empty object. */
const isUnread = (given: unknown, { readableDidRead }: IncomingMessage) =>
  !readableDidRead && (given === null || (isObject(given) && Object.keys(given).length === 0))

/** The value of a body that a parser has left as text or bytes. The MCP server may parse it later. */
function parsed(body: unknown): unknown {
  if (body instanceof Uint8Array) return jsonOf(new TextDecoder().decode(body))
  return typeof body === 'string' ? jsonOf(body) : body
}

/** Node keeps only the first of several `Authorization` headers. It is unclear which of them counts, so they are all read. */
function authorizationOf({ rawHeaders }: IncomingMessage): string | null {
  const isValue = (index: number) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'authorization'
  const values = rawHeaders.filter((_, index) => isValue(index))
  return values.length === 0 ? null : values.join(', ')
}

const tooLong = Symbol('too long')

async function readJson(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request) {
    length += piece.length
    if (length > mostBytes) return tooLong
    pieces.push(piece)
  }
  // A text that is no JSON calls no tool. `null` lets the MCP server refuse it, since the body cannot be read again.
  return jsonOf(Buffer.concat(pieces).toString('utf8')) ?? null
}

function setHeaders(server: ResourceServer, response: ServerResponse): void {
  for (const [name, value] of Object.entries(server.corsHeaders)) response.setHeader(name, value)
  response.setHeader('Cache-Control', 'no-store')
}

async function answered(answer: Response, request: IncomingMessage, response: ServerResponse): Promise<null> {
  await send(answer, request, response)
  return null
}

/** Writes a whole answer. */
async function send(answer: Response, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = Buffer.from(await answer.arrayBuffer())
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** The path as the client sent it. Express and others shorten `url` below a mounted path. */
function pathOf(request: IncomingMessage & { readonly originalUrl?: string }): string {
  return (request.originalUrl ?? request.url ?? '/').replace(/[?#].*$/s, '')
}
