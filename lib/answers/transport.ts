import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type JSONRPCRequest,
  parseJSONRPCMessage,
  type RequestId,
  type Transport,
} from '@modelcontextprotocol/server'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { withDeadline } from '../base/deadline.ts'
import { toJson, wellFormedTexts } from '../base/well-formed.ts'

/** The upstream answered with an HTTP status that is no MCP answer. `text` is for decisions only, never for a log. */
export class UpstreamHttpError extends Error {
  override readonly name = 'UpstreamHttpError'
  readonly status: number
  readonly text: string
  /** Seconds, where the server said when to ask again (RFC 9110 §10.2.3). */
  readonly retryAfter: number | undefined

  constructor(status: number, text: string, retryAfter?: number) {
    super(`HTTP ${status}`)
    this.status = status
    this.text = text
    this.retryAfter = retryAfter
  }
}

/** The upstream was not reached, or the connection broke before the answer was complete. */
export class UpstreamConnectionError extends Error {
  override readonly name = 'UpstreamConnectionError'
}

/** What the upstream sent is not MCP. `text`: what it was, for decisions only, never for a log. */
export class UpstreamAnswerError extends Error {
  override readonly name = 'UpstreamAnswerError'
  readonly text: string

  constructor(message: string, text = '') {
    super(message)
    this.text = text
  }
}

/**
 * The upstream does not know our session, or has forgotten that we ever connected: whoever asked begins anew. The
 * message is the status, or the code of the error, in which it said so; `text` is for decisions only, never for a log.
 */
export class UpstreamSessionError extends Error {
  override readonly name = 'UpstreamSessionError'
  readonly text: string
  /** It did not say what it dislikes: if a new session does not help, it is the request. */
  readonly unexplained: boolean

  constructor(message: string, text: string, unexplained = false) {
    super(message)
    this.text = text
    this.unexplained = unexplained
  }
}

/** The most that one answer may hold, in bytes: a function's own may hold 6 MB, and it holds this as text and as data. */
const maximumAnswer = 2.5 * 1024 * 1024
/** Milliseconds that a notification may take: nobody waits for its answer. */
const notificationTimeout = 5_000

/**
 * The client half of MCP's Streamable HTTP transport (2025-11-25, "Streamable HTTP"): every message is a POST, answered
 * by JSON or by an event stream that ends with the response. It keeps no stream of its own open and resumes none: a
 * broken answer is an error, and whoever asked decides whether to ask again.
 *
 * The published client package would add 356 KB and 16 ms of import to a function that needs this much of it; requests,
 * timeouts and cancellation come from the SDK's own `Protocol`, which the server half has loaded anyway.
 */
export class StreamableHttpClientTransport implements Transport {
  onclose?: () => void
  onmessage?: (message: JSONRPCMessage) => void
  sessionId: string | undefined
  /** Sent as `MCP-Protocol-Version` once it is negotiated. */
  protocolVersion: string | undefined

  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #closing = new AbortController()
  readonly #inFlight = new Map<RequestId, AbortController>()

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.#url = url
    this.#headers = headers
  }

  async start(): Promise<void> {}

  async close(): Promise<void> {
    this.#closing.abort()
    this.onclose?.()
  }

  /**
   * Resolves when the exchange is over and its response was delivered.
   * Throws `UpstreamHttpError`, `UpstreamConnectionError` or `UpstreamAnswerError`.
   */
  async send(message: JSONRPCMessage): Promise<void> {
    if (isJSONRPCRequest(message)) return this.#request(message)
    const cancelled = cancelledRequest(message)
    if (cancelled !== undefined) this.#inFlight.get(cancelled)?.abort()
    await withDeadline(notificationTimeout, async (signal) => {
      const response = await this.#post(message, signal)
      await response.body?.cancel()
    })
  }

  async #request(request: JSONRPCRequest): Promise<void> {
    const cancellation = new AbortController()
    this.#inFlight.set(request.id, cancellation)
    try {
      const begun = this.#begun()
      const response = await this.#post(request, cancellation.signal)
      this.sessionId = response.headers.get('mcp-session-id') ?? this.sessionId
      for await (const message of messagesOf(response)) {
        // Nothing else is for us: a server that asks back, thousands of times, would have us answer as often.
        const answer = answerTo(request.id, message)
        if (answer === undefined) continue
        if (isJSONRPCErrorResponse(answer)) {
          const said = `${answer.error.message} ${JSON.stringify(answer.error.data ?? '')}`
          if (speaksOfSession(said, begun)) throw new UpstreamSessionError(`error ${answer.error.code}`, said)
        } else if (begun === 'session' && resultOfLostSession(answer)) {
          throw new UpstreamSessionError('error of the tool', '')
        }
        this.onmessage?.(answer)
        return
      }
      throw new UpstreamConnectionError('the answer ended before the response')
    } catch (error) {
      throw error instanceof UpstreamAnswerError && speaksOfSession(error.text, this.#begun())
        ? new UpstreamSessionError(error.message, error.text)
        : error
    } finally {
      this.#inFlight.delete(request.id)
    }
  }

  /** What a server may have forgotten. */
  #begun(): Begun {
    if (this.sessionId !== undefined) return 'session'
    return this.protocolVersion === undefined ? 'nothing' : 'handshake'
  }

  async #post(message: JSONRPCMessage, signal: AbortSignal): Promise<Response> {
    const begun = this.#begun()
    const response = await connectionErrors(
      fetch(this.#url, {
        method: 'POST',
        headers: {
          ...this.#headers,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...(this.sessionId !== undefined && { 'mcp-session-id': this.sessionId }),
          ...(this.protocolVersion !== undefined && { 'mcp-protocol-version': this.protocolVersion }),
        },
        body: toJson(wellFormedTexts(message)),
        // A redirect would carry our key elsewhere.
        redirect: 'manual',
        signal: AbortSignal.any([signal, this.#closing.signal]),
      }),
    )
    await throwUnlessOk(response).catch((error: unknown) => {
      throw error instanceof UpstreamHttpError ? (lostSession(error, begun) ?? error) : error
    })
    return response
  }
}

/** What we have of a server: nothing before the handshake is over, and a session only where it gave one. */
type Begun = 'nothing' | 'handshake' | 'session'

/**
 * 404 is what MCP asks of a server that does not know the session (2025-11-25, "Session Management"). Others answer 400
 * or 410, or say it in words beside another status. A 400 that does not say why is taken for it, too: a call that is
 * refused for another reason is refused once more in a new session, and costs no more than that.
 */
function lostSession({ message, status, text }: UpstreamHttpError, begun: Begun): UpstreamSessionError | undefined {
  // They have a meaning of their own, and may say when to come back.
  if (status === 429 || status === 503) return undefined
  const said = (begun === 'session' && (status === 404 || status === 410)) || speaksOfSession(text, begun)
  if (!said && !(begun === 'session' && status === 400)) return undefined
  return new UpstreamSessionError(message, text, !said)
}

/** Whether an error is about what we have begun: the session that we named, or the handshake. */
function speaksOfSession(text: string, begun: Begun): boolean {
  if (begun === 'nothing') return false
  return (begun === 'session' ? /session|transport|\binitiali[sz]/i : /\binitiali[sz]/i).test(text)
}

/** Gateways tell of it as if a tool had failed. Tools have sessions of their own to speak of: only these words are about ours. */
function resultOfLostSession(answer: JSONRPCMessage): boolean {
  if (!isJSONRPCResultResponse(answer)) return false
  const { isError, content } = answer.result
  return isError === true && lostInWords.test(JSON.stringify(content ?? ''))
}

const lostInWords =
  /\bsession(?:[ _-]?id)?\b.{0,40}\b(?:not found|not exist|not (?:been )?initiali[sz]ed|unknown|expired|invalid|terminated|closed|missing)\b|\b(?:no (?:valid|such|active)|unknown|invalid|expired|missing) (?:mcp[ -])?session\b/i

/** Throws `UpstreamHttpError` for a status that is no success. */
export async function throwUnlessOk(response: Response): Promise<void> {
  if (response.ok) return
  if (response.status < 400) {
    // A redirect, which is not followed; what is not read would keep the connection.
    await response.body?.cancel()
    throw new UpstreamHttpError(response.status, '')
  }
  const text = await readText(response)
  throw new UpstreamHttpError(response.status, text, secondsToWait(response.headers.get('retry-after')))
}

/** Seconds, or a date (RFC 9110 §10.2.3); a day at the most. `Date.parse` alone takes `+40` for 2040. */
function secondsToWait(retryAfter: string | null): number | undefined {
  const text = retryAfter?.trim() ?? ''
  const date = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(text) : Number.NaN
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Math.ceil((date - Date.now()) / 1000)
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), 86_400)
}

/** The messages of an answer, in order (JSON: one, or a batch as 2025-03-26 allowed; event stream: one per event). */
async function* messagesOf(response: Response): AsyncGenerator<JSONRPCMessage> {
  const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type === 'text/event-stream') return yield* streamedMessages(response)
  if (type !== 'application/json') {
    await response.body?.cancel()
    throw new UpstreamAnswerError('neither JSON nor an event stream')
  }
  const text = await readText(response)
  const messages = messagesIn(text)
  if (messages.length === 0) throw new UpstreamAnswerError('not a JSON-RPC message', text)
  yield* messages
}

/**
 * Pings, heartbeats and events of other names are no messages (HTML, "Server-sent events": without a name it is
 * `message`). Nor is what does not parse: the answer may still come, for as long as the stream lives.
 */
async function* streamedMessages(response: Response): AsyncGenerator<JSONRPCMessage> {
  const events = limited(response)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TransformStream(oneLineEnd()))
    .pipeThrough(new EventSourceParserStream())
    .getReader()
  try {
    for (let next = await connectionErrors(events.read()); !next.done; next = await connectionErrors(events.read())) {
      const { event = 'message', data } = next.value
      if (event === 'message') yield* messagesIn(data)
    }
  } finally {
    // The server may keep the stream open behind the response; an error of a stream nobody reads is no news.
    await events.cancel().catch(() => {})
  }
}

/** CR and CRLF become LF: the parser waits behind a CR for what follows, which may be nothing. */
function oneLineEnd(): Transformer<string, string> {
  let afterReturn = false
  return {
    transform(piece, controller) {
      const text = afterReturn && piece.startsWith('\n') ? piece.slice(1) : piece
      if (piece !== '') afterReturn = piece.endsWith('\r')
      controller.enqueue(text.replace(/\r\n?/g, '\n'))
    },
    // An event that is complete but for its empty line; half of one does not parse.
    flush: (controller) => controller.enqueue('\n\n'),
  }
}

function limited(response: Response): ReadableStream<Uint8Array<ArrayBuffer>> {
  let received = 0
  const body = response.body ?? new Blob().stream()
  return body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        received += chunk.byteLength
        if (received > maximumAnswer) controller.error(new UpstreamAnswerError('answer too large'))
        else controller.enqueue(chunk)
      },
    }),
  )
}

export function readText(response: Response): Promise<string> {
  return connectionErrors(new Response(limited(response)).text())
}

/** What fetch and its streams throw says little more than that the connection failed. */
export async function connectionErrors<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof UpstreamAnswerError) throw error
    throw new UpstreamConnectionError('the connection failed', { cause: error })
  }
}

/** All that is JSON-RPC in a text; nothing of one that is not JSON. */
function messagesIn(text: string): readonly JSONRPCMessage[] {
  const json = parsed(text)
  return (Array.isArray(json) ? json : [json]).flatMap(messageIn)
}

/** `undefined`: it is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function messageIn(value: unknown): readonly JSONRPCMessage[] {
  if (typeof value !== 'object' || value === null) return []
  // `"id": null` of an error about a request that could not be read, `"error": null` beside a result, and whatever else.
  const members = Object.entries(value)
    .filter(([name, member]) => member !== null && ofMessages.has(name))
    .map(([name, member]) => [name, name === 'result' ? withoutMeta(member) : member])
  try {
    return [parseJSONRPCMessage(Object.fromEntries(members))]
  } catch {
    return []
  }
}

/** Nothing of `_meta` is passed on, so that nothing in it can be wrong. */
function withoutMeta(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return result
  return Object.fromEntries(Object.entries(result).filter(([name]) => name !== '_meta'))
}

const ofMessages = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error'])

/** The answer in a message: an id may come back as text, and an error without one is about the only request of its exchange, too. */
function answerTo(id: RequestId, message: JSONRPCMessage): JSONRPCMessage | undefined {
  if (isJSONRPCResultResponse(message)) return String(message.id) === String(id) ? { ...message, id } : undefined
  if (!isJSONRPCErrorResponse(message)) return undefined
  return message.id === undefined || String(message.id) === String(id) ? { ...message, id } : undefined
}

function cancelledRequest(message: JSONRPCMessage): RequestId | undefined {
  if (!isJSONRPCNotification(message) || message.method !== 'notifications/cancelled') return undefined
  const id = message.params?.requestId
  return typeof id === 'string' || typeof id === 'number' ? id : undefined
}
