import { ProtocolError, SdkError, SdkErrorCode } from '@modelcontextprotocol/server'

/** An error that keeps what the server sent. Decisions read `text`; logs never do. */
class ServerError extends Error {
  readonly text: string

  constructor(message: string, text = '') {
    super(message)
    this.text = text
  }
}

/** The server answered with an HTTP status that is not a success. `text` is the body. */
export class HttpError extends ServerError {
  override readonly name = 'HttpError'
  readonly status: number
  /** Seconds until the server wants to be asked again, where it said so (RFC 9110 §10.2.3). */
  readonly retryAfter: number | undefined

  constructor(status: number, text: string, retryAfter?: number) {
    super(`HTTP ${status}`, text)
    this.status = status
    this.retryAfter = retryAfter
  }
}

/** The server was not reached, or the connection broke before the answer was complete. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
}

/** The server sent something that its protocol does not allow. */
export class MalformedAnswer extends ServerError {
  override readonly name = 'MalformedAnswer'
}

/**
 * The MCP server does not know our session, or has forgotten the handshake: a call needs a new connection. `message` is
 * the HTTP status or the error code with which the server said so.
 */
export class LostSession extends ServerError {
  override readonly name = 'LostSession'
  /** The server did not say what is wrong. If a new session does not help, the request itself is at fault. */
  readonly unexplained: boolean

  constructor(message: string, text: string, unexplained = false) {
    super(message, text)
    this.unexplained = unexplained
  }
}

/** Whether time ran out: the SDK has its own error for that, and our deadlines reject with a `DOMException`. */
export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException || (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout)
}

/** Whether the same call may succeed when it is made again. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof LostSession || isTimeout(error)) return true
  return error instanceof HttpError && isTransientStatus(error.status)
}

/**
 * Whether the same request may succeed later. That includes every fault of the server, or of a proxy before it (520 to 530 are
 * Cloudflare's), unless the server lacks a feature (501, 505).
 */
const isTransientStatus = (status: number) =>
  [404, 408, 425, 429].includes(status) || (status >= 500 && ![501, 505].includes(status))

/**
 * Whether the server refuses this request or this service, so that it would refuse the same call again. 408, 425 and 429
 * ask the caller to come back. The JSON-RPC errors are: no such method, invalid parameters, no such tool.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof LostSession) return error.unexplained
  if (error instanceof HttpError) {
    return error.status >= 400 && error.status < 500 && ![408, 425, 429].includes(error.status)
  }
  return error instanceof ProtocolError && [-32_601, -32_602].includes(error.code)
}

/** Seconds until the server wants to be asked again; 0 if it did not say. */
export const secondsToWait = (error: unknown): number => (error instanceof HttpError ? (error.retryAfter ?? 0) : 0)

/** What the server said about its error. Decisions read it; logs never do. */
export function wordsOf(error: unknown): string {
  if (error instanceof HttpError || error instanceof LostSession) return error.text
  return error instanceof ProtocolError ? error.message : ''
}

/**
 * Describes an error in one of our own phrases, which may be logged and shown.
 *
 * @param malformed the phrase for an answer that the server's protocol does not allow
 */
export function describe(error: unknown, malformed: string): string {
  if (isTimeout(error)) return 'no answer in time'
  if (error instanceof HttpError) return `HTTP ${error.status}`
  if (error instanceof LostSession) return /^(?:HTTP|error) /.test(error.message) ? error.message : malformed
  if (error instanceof ConnectionError) return 'connection failed'
  if (error instanceof MalformedAnswer || error instanceof SdkError) return malformed
  if (error instanceof ProtocolError) return `error ${error.code}`
  return 'unexpected failure'
}
