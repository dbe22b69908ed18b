import { isJSONRPCErrorResponse, isJSONRPCResultResponse, type JSONRPCMessage } from '@modelcontextprotocol/server'
import { type HttpError, LostSession } from './errors.ts'

/** What a server may have forgotten. `handshake`: it gave us no session id. `nothing`: the handshake is not over. */
export type Begun = 'nothing' | 'handshake' | 'session'

/**
 * Recognizes a lost session by an HTTP error. MCP asks for 404 when the server does not know the session (2025-11-25,
 * "Session Management"). Other servers answer 400 or 410, or say it in words beside another status. A 400 without an
 * explanation counts as well: if the request itself was wrong, it costs one more refused call.
 */
export function lostByStatus({ message, status, text }: HttpError, begun: Begun): LostSession | undefined {
  // These two have a meaning of their own, and may say when to come back.
  if (status === 429 || status === 503) return undefined
  const said = (begun === 'session' && (status === 404 || status === 410)) || speaksOfSession(text, begun)
  if (!said && !(begun === 'session' && status === 400)) return undefined
  return new LostSession(message, text, !said)
}

/** Recognizes a lost session by the response to a call. Some gateways report it as a failure of the tool. */
export function lostByResponse(response: JSONRPCMessage, begun: Begun): LostSession | undefined {
  if (isJSONRPCErrorResponse(response)) {
    const { code, message, data } = response.error
    const said = `${message} ${JSON.stringify(data ?? '')}`
    return speaksOfSession(said, begun) ? new LostSession(`error ${code}`, said) : undefined
  }
  if (begun !== 'session' || !isJSONRPCResultResponse(response)) return undefined
  const { isError, content } = response.result
  const isLost = isError === true && lostInWords.test(JSON.stringify(content ?? ''))
  return isLost ? new LostSession('error of the tool', '') : undefined
}

/** Whether an error is about the session that we named, or about the handshake. */
export function speaksOfSession(text: string, begun: Begun): boolean {
  if (begun === 'nothing') return false
  return (begun === 'session' ? /session|transport|\binitiali[sz]/i : /\binitiali[sz]/i).test(text)
}

/** Tools may speak of sessions of their own: only these words are about ours. */
const lostInWords =
  /\bsession(?:[ _-]?id)?\b.{0,40}\b(?:not found|not exist|not (?:been )?initiali[sz]ed|unknown|expired|invalid|terminated|closed|missing)\b|\b(?:no (?:valid|such|active)|unknown|invalid|expired|missing) (?:mcp[ -])?session\b/i
