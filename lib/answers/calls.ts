import { type CallToolResult, ProtocolError, SdkError, SdkErrorCode } from '@modelcontextprotocol/server'
import { startDeadline } from '../base/deadline.ts'
import type { LogFields } from '../base/log.ts'
import { UpstreamAnswerError, UpstreamConnectionError, UpstreamHttpError, UpstreamSessionError } from './transport.ts'

/** What an upstream made of a call. */
export type UpstreamAnswer =
  | { readonly kind: 'answer'; readonly result: CallToolResult }
  | {
      readonly kind: 'failure'
      readonly code: 'timeout' | 'upstream_error'
      /** From a short list of our own phrases: nothing of what the upstream or the network said. */
      readonly detail: string
      readonly durationMs: number
      /** Seconds after which the upstream wants to be asked again, where it said so; never 0. */
      readonly retryAfter?: number
      /** It refuses this request, or us: the same again would be refused again. Absent: it may pass. */
      readonly permanent?: true
    }

/** Milliseconds: the handshake, one call, and everything together, the retry included. */
export interface UpstreamTimings {
  readonly connectTimeout?: number
  readonly callTimeout?: number
  readonly totalTimeout?: number
}

export interface Caller {
  /**
   * Makes a call, and once more where that may help; never throws. `attempt` is told whether to say who asks. It is
   * for calls that may be made twice: what writes something does not come here.
   *
   * @param saysWho whether the call names a person at all
   */
  call(
    attempt: (saysWho: boolean, signal: AbortSignal) => Promise<CallToolResult>,
    options: { readonly saysWho: boolean; readonly signal: AbortSignal },
  ): Promise<UpstreamAnswer>
}

export interface CallerOptions {
  readonly totalTimeout?: number | undefined
  /** Is told how each call ended; what was asked is never among it. */
  readonly report: (ended: 'answered' | 'failed', fields: LogFields) => void
  /** Whether the upstream took exception to the person, so that it may answer when nobody is named. */
  readonly refusesPerson?: (attempt: Attempt) => boolean
  /** The `detail` of an answer that is not what the upstream's protocol knows. */
  readonly malformed?: string
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined
}

/** How one try ended. */
export type Attempt =
  | { readonly ok: true; readonly result: CallToolResult }
  | { readonly ok: false; readonly error: unknown }

/** Seconds that we wait ourselves for an upstream which says when to come back; longer, and the caller is told. */
const patience = 2

export function createCaller(options: CallerOptions): Caller {
  const { totalTimeout = 45_000, report, now = Date.now } = options
  const { refusesPerson = complainsAboutMetadata, malformed = 'not an MCP answer' } = options
  return {
    async call(attempt, { saysWho, signal }) {
      const startedAt = now()
      const deadline = startDeadline(totalTimeout)
      try {
        const eitherEnds = AbortSignal.any([signal, deadline.signal])
        const last = await twiceAtMost(attempt, { saysWho, refusesPerson, signal: eitherEnds })
        const durationMs = now() - startedAt
        if (last.ok) {
          report('answered', { durationMs, user: saysWho, isError: last.result.isError === true })
          return { kind: 'answer', result: last.result }
        }
        const code = deadline.signal.aborted || isTimeout(last.error) ? 'timeout' : 'upstream_error'
        const detail = describe(last.error, malformed)
        report('failed', { durationMs, user: saysWho, code, detail, cancelled: signal.aborted })
        const retryAfter = askedToWait(last.error) ?? 0
        const hints = {
          ...(isRefusal(last.error) && { permanent: true as const }),
          ...(retryAfter > 0 && { retryAfter }),
        }
        return { kind: 'failure', code, detail, durationMs, ...hints }
      } finally {
        deadline.end()
      }
    },
  }
}

interface Rules {
  readonly saysWho: boolean
  readonly signal: AbortSignal
  readonly refusesPerson: (attempt: Attempt) => boolean
}

/** Once more without the person where they were the trouble, once more on anything that may pass, and never a third. */
async function twiceAtMost(
  attempt: (saysWho: boolean, signal: AbortSignal) => Promise<CallToolResult>,
  { saysWho, signal, refusesPerson }: Rules,
): Promise<Attempt> {
  const settled = (saysWho: boolean): Promise<Attempt> =>
    attempt(saysWho, signal).then(
      (result) => ({ ok: true, result }),
      (error: unknown) => ({ ok: false, error }),
    )
  const first = await settled(saysWho)
  if (signal.aborted) return first
  if (saysWho && refusesPerson(first)) return settled(false)
  if (first.ok || !isTransient(first.error)) return first
  const seconds = askedToWait(first.error) ?? 0
  if (seconds > patience) return first
  if (seconds > 0) await pause(seconds * 1000, signal)
  return signal.aborted ? first : settled(saysWho)
}

/** So many milliseconds, or until nobody waits any longer. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    const end = () => {
      clearTimeout(timer)
      resolve()
    }
    signal.addEventListener('abort', end, { once: true })
  })
}

function isTimeout(error: unknown): boolean {
  return error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout
}

function isTransient(error: unknown): boolean {
  if (error instanceof UpstreamConnectionError || error instanceof UpstreamSessionError || isTimeout(error)) return true
  return error instanceof UpstreamHttpError && isPassing(error.status)
}

/** A fault of the server's, of one before it (520 to 530 are Cloudflare's), or of the moment; not "not implemented". */
const isPassing = (status: number) =>
  [404, 408, 425, 429].includes(status) || (status >= 500 && ![501, 505].includes(status))

/** Not 408, 425 and 429, which say to come back; of JSON-RPC: no such method, invalid parameters, no such tool. */
function isRefusal(error: unknown): boolean {
  if (error instanceof UpstreamSessionError) return error.unexplained
  if (error instanceof UpstreamHttpError) {
    return error.status >= 400 && error.status < 500 && ![408, 425, 429].includes(error.status)
  }
  return error instanceof ProtocolError && [-32_601, -32_602].includes(error.code)
}

const askedToWait = (error: unknown) => (error instanceof UpstreamHttpError ? error.retryAfter : undefined)

/** Servers say it by HTTP, by a JSON-RPC error or by a tool result with `isError`: whichever checks their input. */
function complainsAboutMetadata(attempt: Attempt): boolean {
  return /_meta|metadata/i.test(complaint(attempt))
}

function complaint(attempt: Attempt): string {
  if (attempt.ok) return attempt.result.isError === true ? JSON.stringify(attempt.result.content) : ''
  if (attempt.error instanceof UpstreamHttpError || attempt.error instanceof UpstreamSessionError)
    return attempt.error.text
  return attempt.error instanceof ProtocolError ? attempt.error.message : ''
}

function describe(error: unknown, malformed: string): string {
  if (isTimeout(error)) return 'no answer in time'
  if (error instanceof UpstreamHttpError) return `HTTP ${error.status}`
  if (error instanceof UpstreamSessionError) return /^(?:HTTP|error) /.test(error.message) ? error.message : malformed
  if (error instanceof UpstreamConnectionError) return 'connection failed'
  if (error instanceof UpstreamAnswerError || error instanceof SdkError) return malformed
  if (error instanceof ProtocolError) return `error ${error.code}`
  return 'unexpected failure'
}
