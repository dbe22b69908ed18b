import {
  isJSONRPCErrorResponse,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  parseJSONRPCMessage,
  type RequestId,
} from '@modelcontextprotocol/server'
import { isObject, jsonOf } from '../base/json.ts'
import { MalformedAnswer } from './errors.ts'
import { eventsOf } from './event-stream.ts'
import { readText } from './http.ts'

/**
 * Reads the JSON-RPC messages of an answer, in order. JSON holds one message, or a batch as MCP 2025-03-26 allowed; an
 * event stream holds one in each event. Throws `MalformedAnswer` and `ConnectionError`.
 */
export async function* messagesOf(response: Response): AsyncGenerator<JSONRPCMessage> {
  const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type === 'text/event-stream') return yield* streamedMessages(response)
  if (type !== 'application/json') {
    await response.body?.cancel()
    throw new MalformedAnswer('neither JSON nor an event stream')
  }
  const text = await readText(response)
  const messages = messagesIn(text)
  if (messages.length === 0) throw new MalformedAnswer('not a JSON-RPC message', text)
  yield* messages
}

/**
 * Ignores pings, heartbeats and events with another name (an event without a name is a `message`), and data that does
 * not parse: the response may still come.
 */
async function* streamedMessages(response: Response): AsyncGenerator<JSONRPCMessage> {
  for await (const { event = 'message', data } of eventsOf(response)) {
    if (event === 'message') yield* messagesIn(data)
  }
}

/**
 * The message as the response to a request; `undefined` if it is something else. Some servers send an id back as text.
 * An error without an id is about the only request of its exchange.
 */
export function responseTo(id: RequestId, message: JSONRPCMessage): JSONRPCMessage | undefined {
  if (isJSONRPCResultResponse(message)) return String(message.id) === String(id) ? { ...message, id } : undefined
  if (!isJSONRPCErrorResponse(message)) return undefined
  return message.id === undefined || String(message.id) === String(id) ? { ...message, id } : undefined
}

function messagesIn(text: string): readonly JSONRPCMessage[] {
  const json = jsonOf(text)
  return (Array.isArray(json) ? json : [json]).flatMap(messageIn)
}

const members = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error'])

/** Leaves out members that are null (`"id": null` of an error, `"error": null` beside a result) or unknown. */
function messageIn(value: unknown): readonly JSONRPCMessage[] {
  if (!isObject(value)) return []
  const known = Object.entries(value)
    .filter(([name, member]) => member !== null && members.has(name))
    .map(([name, member]) => [name, name === 'result' ? withoutMeta(member) : member])
  try {
    return [parseJSONRPCMessage(Object.fromEntries(known))]
  } catch {
    return []
  }
}

/** We pass on nothing of `_meta`, so a mistake in it must not cost the answer. */
function withoutMeta(result: unknown): unknown {
  if (!isObject(result)) return result
  return Object.fromEntries(Object.entries(result).filter(([name]) => name !== '_meta'))
}
