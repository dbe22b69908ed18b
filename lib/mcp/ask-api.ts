import { readBody } from '../base/body.ts'
import { defined } from '../base/defined.ts'
import { isObject, parseJson } from '../base/json.ts'
import { jsonResponse, toJson } from '../base/well-formed.ts'
import type { McpCall, McpEndpoint } from './endpoint.ts'
import { maximumBody } from './received.ts'

export interface AskApiOptions {
  readonly endpoint: McpEndpoint
  /** The name of the tool that answers questions. */
  readonly tool: string
  /** The URL of the MCP endpoint. */
  readonly resource: string
}

/**
 * Answers a question for a program that does not speak MCP: `{ "question": … }` in, `{ "passages": [ … ] }` out, and every
 * failure as `{ "error", "message" }`. The question goes through the MCP endpoint as a call of its tool. So the same token,
 * origin, role, limit and usage rules decide, in the same order, and there is no second copy of them.
 */
export async function answerQuestion(
  request: Request,
  call: McpCall,
  { endpoint, tool, resource }: AskApiOptions,
): Promise<Response> {
  // A proof covers the address and the body of a request, and this request goes on with others.
  if (/^dpop /i.test(request.headers.get('authorization') ?? '')) {
    const message = `Use a bearer token here. Tokens that are bound to a key work at ${resource} only.`
    return jsonResponse({ error: 'invalid_request', message }, { status: 400, headers: readableByPages })
  }
  const asked = await asToolCall(request, tool, resource)
  if (asked === undefined) {
    const message = `The request is larger than ${maximumBody / 1024} KB, or broke off.`
    return jsonResponse({ error: 'invalid_request', message }, { status: 413, headers: readableByPages })
  }
  return plainly(await endpoint.fetch(asked, call), request.method)
}

const readableByPages = { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'no-store' }

/** Makes the call of the tool. Returns `undefined` if the body cannot be read. */
async function asToolCall(request: Request, tool: string, resource: string): Promise<Request | undefined> {
  const { method, signal } = request
  const headers = new Headers(request.headers)
  for (const name of [...headers.keys()]) if (/^mcp-|^content-length$/.test(name)) headers.delete(name)
  if (method !== 'POST') return new Request(resource, { method, headers, signal })
  headers.set('accept', 'application/json')
  const body = await readBody(request.body, maximumBody).catch(() => null)
  if (body === null) return undefined
  const args = parseJson(body.toString())
  // A body that is no question stays what it is, so that the endpoint refuses it after it has checked the caller.
  const message = isObject(args)
    ? toJson({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: args } })
    : 'not a question'
  return new Request(resource, { method, headers, signal, body: message })
}

/** Turns the answer of the MCP endpoint into plain JSON. Its headers stay: challenges, limits, CORS. */
async function plainly(response: Response, method: string): Promise<Response> {
  const { headers } = response
  if (method === 'HEAD' || !headers.get('content-type')?.includes('json')) return response
  const { status, body } = plainBody(response.status, parseJson(await response.text()))
  headers.delete('content-length')
  headers.set('content-type', 'application/json')
  return new Response(toJson(body), { status, headers })
}

interface Plain {
  readonly status: number
  readonly body: object
}

function plainBody(status: number, answer: unknown): Plain {
  if (!isObject(answer)) return { status: 502, body: unknownAnswer }
  const { result, error } = answer
  if (isObject(result)) return result.isError === true ? failed(status, result) : { status, body: dataOf(result) }
  // A JSON-RPC error. Any other `error` is the code of a refusal that is plain already.
  return isObject(error) ? refused(status, error) : { status, body: answer }
}

const unknownAnswer = { error: 'internal_error', message: 'The question could not be answered. Try again later.' }

const dataOf = ({ structuredContent }: Result) => (isObject(structuredContent) ? structuredContent : {})

type Result = Readonly<Record<string, unknown>>

/** A failure of the tool, or a refusal that the endpoint wrote as one. Only a refusal has a status of its own. */
function failed(status: number, { content }: Result): Plain {
  const [item] = Array.isArray(content) ? content : []
  const text = isObject(item) && typeof item.text === 'string' ? item.text : ''
  const said = parseJson(text)
  // The answer service's own words.
  if (!isObject(said) || typeof said.error !== 'string') {
    return { status: 502, body: { error: 'upstream_refused', message: text } }
  }
  return { status: status === 200 ? statusOf(said.error) : status, body: said }
}

function statusOf(code: string): number {
  if (code === 'timeout') return 504
  if (code === 'internal_error') return 500
  return /^(?:missing_|invalid_)|_too_long$/.test(code) ? 400 : 502
}

function refused(status: number, { code, message, data }: Result): Plain {
  // The arguments of the call are ours: only the name of the tool can be wrong for this caller, by the caller's role.
  if (code === -32_602)
    return { status: 403, body: { error: 'not_allowed', message: 'This user may not ask questions.' } }
  const said = isObject(data) ? data : {}
  const known =
    code === -32_700 ? { status: 400, message: 'Send a JSON object with a `question`.' } : { status, message }
  const body = defined({ error: 'invalid_request', message: known.message, ...said })
  return { status: Math.max(known.status, 400), body }
}
