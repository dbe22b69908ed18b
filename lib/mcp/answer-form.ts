import { isObject } from '../base/json.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { eventStreamType } from './accept.ts'

/**
 * The same answer as JSON, for a client that does not read event streams: a message, or a list of them for a batch.
 * What is said on the way to it, progress for one, is left out.
 */
export async function asJson(response: Response, batch: boolean): Promise<Response> {
  if (!response.headers.get('content-type')?.startsWith(eventStreamType)) return response
  const answers = messagesIn(await response.text()).filter(isAnswer)
  const [first] = answers
  // A stream without an answer has been broken off.
  if (first === undefined) return jsonResponse(brokenOff, { status: 500 })
  return jsonResponse(batch ? answers : first)
}

const brokenOff = { jsonrpc: '2.0', id: null, error: { code: -32603, message: 'Internal error' } }

/** As the SDK writes events: each message is the one line of data of its event. */
function messagesIn(stream: string): readonly unknown[] {
  return stream.split('\n').flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6))] : []))
}

const isAnswer = (message: unknown) => isObject(message) && ('result' in message || 'error' in message)
