import { isObject } from '../base/json.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { eventStreamType } from './accept.ts'
import { jsonRpcError } from './refusals.ts'

/**
 * Turns an event stream into JSON, for a client that does not read event streams: a message, or a list of messages for a
 * batch. Other messages of the stream, such as progress, are left out.
 */
export async function asJson(response: Response, batch: boolean): Promise<Response> {
  if (!response.headers.get('content-type')?.startsWith(eventStreamType)) return response
  const answers = messagesIn(await response.text()).filter(isAnswer)
  const [first] = answers
  // A stream without an answer broke off.
  if (first === undefined) return jsonRpcError(500, -32603, 'Internal error')
  return jsonResponse(batch ? answers : first)
}

/** Reads the messages of a stream that the SDK wrote: each is the one line of data of its event. */
function messagesIn(stream: string): readonly unknown[] {
  return stream.split('\n').flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6))] : []))
}

const isAnswer = (message: unknown) => isObject(message) && ('result' in message || 'error' in message)
