import type { ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { ServerContext } from '@modelcontextprotocol/server'
import * as v from 'valibot'
import { endpointFault, misbehave, sendJson, takeFault } from '../stand-in.ts'

/** The faults of the MCP servers of the local world, whichever product they stand in for. */

const times = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)))
const milliseconds = v.pipe(v.number(), v.minValue(1), v.maxValue(600_000))

/**
 * `reset`: the connection breaks off in the middle of the answer. `malformed`: an answer that is not JSON. `noise`: the
 * usual answer as an event stream, after the text in `before`: pings, comments, text that does not parse.
 */
const messageFault = v.variant('kind', [
  endpointFault,
  v.strictObject({ kind: v.picklist(['reset', 'malformed']), times }),
  v.strictObject({
    kind: v.literal('noise'),
    before: v.string(),
    /** Of the event that is the answer. */
    lineEnd: v.optional(v.picklist(['\n', '\r\n', '\r'])),
    times,
  }),
])
type MessageFault = v.InferOutput<typeof messageFault>

/**
 * Further faults of tool calls. `rejects-meta`: refuses a call that names the user, with a text about `_meta`, by a
 * JSON-RPC error, by HTTP 400, or as a result of the tool. `error-result`: the tool says that it failed. `progress`:
 * the usual answer, late, and until then progress for clients that asked for it. `odd-items`: these items come before
 * the good ones in the answer.
 */
const callFault = v.variant('kind', [
  messageFault,
  v.strictObject({ kind: v.literal('error-result'), times }),
  v.strictObject({
    kind: v.literal('rejects-meta'),
    by: v.optional(v.picklist(['protocol', 'http', 'result'])),
    times,
  }),
  v.strictObject({ kind: v.literal('progress'), milliseconds, every: milliseconds, times }),
  v.strictObject({ kind: v.literal('odd-items'), items: v.array(v.unknown()), times }),
])
export type CallFault = v.InferOutput<typeof callFault>

export const mcpFaults = v.strictObject({
  /** Applies to the first message of a client: `initialize` or `server/discover`. */
  connect: v.optional(messageFault),
  /** Applies to `tools/call`. */
  call: v.optional(callFault),
  /** Answers nothing outside of a session, as servers of the 2025 revisions may, and nothing of the 2026 revision. */
  sessions: v.optional(v.boolean()),
  /**
   * The answer in an unknown session, in place of a 404: a text (sent as JSON if it looks like JSON), or a JSON-RPC
   * error with the ID of the request or, if `anonymous`, with null.
   */
  lostSession: v.optional(
    v.strictObject({
      status: v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
      text: v.optional(v.string()),
      error: v.optional(v.strictObject({ code: v.number(), message: v.string() })),
      anonymous: v.optional(v.boolean()),
    }),
  ),
})
/** How an MCP server misbehaves. Set and delete members at any time. */
export type McpFaults = v.InferOutput<typeof mcpFaults>

/** @returns whether the message is settled */
export async function misbehaveInMessage(fault: MessageFault, response: ServerResponse): Promise<boolean> {
  switch (fault.kind) {
    case 'reset':
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('event: message\ndata: {"jsonrpc":"2.0",', () => response.socket?.resetAndDestroy())
      return true
    case 'malformed':
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","result":{"content":[')
      return true
    case 'noise':
      rewriteAnswer(response, (message) => {
        const end = fault.lineEnd ?? '\n'
        return { type: 'text/event-stream', body: `${fault.before}data: ${message}${end}${end}` }
      })
      return false
    default:
      return misbehave(fault, response)
  }
}

/** @returns whether the call is settled */
export async function misbehaveInCall(
  fault: CallFault,
  call: { readonly id: unknown; readonly saysWho: boolean },
  response: ServerResponse,
): Promise<boolean> {
  switch (fault.kind) {
    case 'progress':
      return false
    case 'rejects-meta':
      if (call.saysWho) rejectMeta(fault.by ?? 'protocol', call.id, response)
      return call.saysWho
    case 'odd-items':
      rewriteAnswer(response, (message) => ({ type: 'application/json', body: withItems(message, fault.items) }))
      return false
    case 'error-result':
      sendToolError(call.id, 'The sources could not be searched.', response)
      return true
    default:
      return misbehaveInMessage(fault, response)
  }
}

const toolAnswer = v.looseObject({ result: v.looseObject({ content: v.array(v.unknown()) }) })

function withItems(message: string, items: readonly unknown[]): string {
  const answer = v.parse(toolAnswer, JSON.parse(message))
  return JSON.stringify({ ...answer, result: { ...answer.result, content: [...items, ...answer.result.content] } })
}

/** Answers that the session is not known. @param id of the request */
export function sendLostSession({ lostSession }: McpFaults, id: unknown, response: ServerResponse): void {
  const { status, text, error, anonymous } = lostSession ?? {
    status: 404,
    error: { code: -32_000, message: 'Session not found' },
    anonymous: true,
  }
  if (error === undefined) {
    const type = text?.startsWith('{') ? 'application/json' : 'text/plain'
    return void response.writeHead(status, { 'content-type': type }).end(text)
  }
  sendJson(response, status, { jsonrpc: '2.0', id: anonymous === true ? null : id, error })
}

/** Changes the form in which the next answer is sent. The answer is one message, as JSON or as an event. */
function rewriteAnswer(
  response: ServerResponse,
  rewrite: (message: string) => { readonly type: string; readonly body: string },
): void {
  const { writeHead, end } = response
  const chunks: Buffer[] = []
  const keep = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
  }
  let status = 200
  Object.assign(response, {
    writeHead(code: number, headers: Readonly<Record<string, string>> = {}) {
      status = code
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      return response
    },
    flushHeaders() {},
    write(chunk: unknown) {
      keep(chunk)
      return true
    },
    end(chunk: unknown) {
      keep(chunk)
      const text = Buffer.concat(chunks).toString()
      const { type, body } = rewrite(/^data: (\{.*)$/m.exec(text)?.[1] ?? text)
      Object.assign(response, { writeHead, end })
      response.removeHeader('content-length')
      response.setHeader('content-type', type)
      return response.writeHead(status).end(body)
    },
  })
}

function rejectMeta(by: 'protocol' | 'http' | 'result', id: unknown, response: ServerResponse): void {
  const message = 'Invalid params: unexpected property user in _meta'
  if (by === 'result') sendToolError(id, message, response)
  else sendJson(response, by === 'http' ? 400 : 200, { jsonrpc: '2.0', id, error: { code: -32_602, message } })
}

function sendToolError(id: unknown, text: string, response: ServerResponse): void {
  const result = { resultType: 'complete', isError: true, content: [{ type: 'text', text }] }
  sendJson(response, 200, { jsonrpc: '2.0', id, result })
}

/** Waits as a `progress` fault says, and sends progress to a client that has sent a progress token. */
export async function takeTime(faults: McpFaults, { mcpReq: { _meta, signal, notify } }: ServerContext): Promise<void> {
  if (faults.call?.kind !== 'progress') return
  const { milliseconds, every } = faults.call
  takeFault(faults.call, () => delete faults.call)
  const progressToken = _meta?.progressToken
  for (let spent = every; spent <= milliseconds; spent += every) {
    await setTimeout(every, undefined, { ref: false, signal })
    if (progressToken === undefined) continue
    await notify({ method: 'notifications/progress', params: { progressToken, progress: spent, total: milliseconds } })
  }
}
