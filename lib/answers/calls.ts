import { setTimeout as delay } from 'node:timers/promises'
import type { CallToolResult } from '@modelcontextprotocol/server'
import { startDeadline } from '../base/deadline.ts'
import { defined } from '../base/defined.ts'
import type { LogFields } from '../base/log.ts'
import { describe, isRefusal, isTimeout, isTransient, secondsToWait, wordsOf } from './errors.ts'

/** How a call to Kapa or to the API-reference hub ended. */
export type Answer = { readonly kind: 'answer'; readonly result: CallToolResult } | Failure

export interface Failure {
  readonly kind: 'failure'
  readonly code: 'timeout' | 'upstream_error'
  /** One of our own phrases: it repeats nothing that the server or the network said. */
  readonly detail: string
  readonly durationMs: number
  /** Seconds until the server wants to be asked again, where it said so; never 0. */
  readonly retryAfter?: number
  /** The server refuses this request or this service, and would refuse the same call again. Absent: a later call may succeed. */
  readonly permanent?: true
}

/** Milliseconds: the handshake, one call, and everything together, the retry included. */
export interface Timeouts {
  readonly connectTimeout?: number
  readonly callTimeout?: number
  readonly totalTimeout?: number
}

/** Receives how each call ended. The fields never hold the question. */
export type Report = (ended: 'answered' | 'failed', fields: LogFields) => void

/** Makes a call once. `saysWho`: whether it names the user. */
type MakeCall = (saysWho: boolean, signal: AbortSignal) => Promise<CallToolResult>

export interface CallerOptions {
  readonly totalTimeout?: number | undefined
  readonly report: Report
  /** Whether the server objects to how the call names the user. It may then answer a call that names no user. */
  readonly refusesPerson?: (attempt: Attempt) => boolean
  /** The `detail` of an answer that the server's protocol does not allow. */
  readonly malformed?: string
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined
}

/** How one attempt ended. */
export type Attempt =
  | { readonly ok: true; readonly result: CallToolResult }
  | { readonly ok: false; readonly error: unknown }

/** Seconds that we wait for a server that says when to come back. For a longer wait, the client is told. */
const patience = 2

export function createCaller(options: CallerOptions) {
  const { totalTimeout = 45_000, report, now = Date.now } = options
  const { refusesPerson = complainsAboutMetadata, malformed = 'not an MCP answer' } = options
  return {
    /**
     * Makes a call, and a second one where that may help. Never throws. Only for calls that may be made twice, so never
     * for one that writes something.
     *
     * @param options `saysWho`: whether the first attempt names the user
     */
    async call(
      attempt: MakeCall,
      { saysWho, signal }: { readonly saysWho: boolean; readonly signal: AbortSignal },
    ): Promise<Answer> {
      const startedAt = now()
      const deadline = startDeadline(totalTimeout, signal)
      try {
        const last = await twiceAtMost(attempt, { saysWho, refusesPerson, signal: deadline.signal })
        const durationMs = now() - startedAt
        if (last.ok) {
          report('answered', { durationMs, user: saysWho, isError: last.result.isError === true })
          return { kind: 'answer', result: last.result }
        }
        const isLate = deadline.signal.aborted && !signal.aborted
        const code = isLate || isTimeout(last.error) ? 'timeout' : 'upstream_error'
        const detail = describe(last.error, malformed)
        report('failed', { durationMs, user: saysWho, code, detail, cancelled: signal.aborted })
        const permanent = isRefusal(last.error) || undefined
        const retryAfter = secondsToWait(last.error) || undefined
        return { kind: 'failure', code, detail, durationMs, ...defined({ permanent, retryAfter }) }
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

/**
 * Makes the call. Calls again without the user if the server objected to how the call named the user, and calls again
 * unchanged after an error that may pass. Never calls a third time.
 */
async function twiceAtMost(attempt: MakeCall, { saysWho, signal, refusesPerson }: Rules): Promise<Attempt> {
  const settled = (saysWho: boolean): Promise<Attempt> =>
    attempt(saysWho, signal).then(
      (result) => ({ ok: true, result }),
      (error: unknown) => ({ ok: false, error }),
    )
  const first = await settled(saysWho)
  if (signal.aborted) return first
  if (saysWho && refusesPerson(first)) return settled(false)
  if (first.ok || !isTransient(first.error)) return first
  const seconds = secondsToWait(first.error)
  if (seconds > patience) return first
  // Ends early when the signal fires.
  if (seconds > 0) await delay(seconds * 1000, undefined, { signal }).catch(() => undefined)
  return signal.aborted ? first : settled(saysWho)
}

/** Servers complain about `_meta` by HTTP, by a JSON-RPC error or by a tool result with `isError`. */
function complainsAboutMetadata(attempt: Attempt): boolean {
  if (!attempt.ok) return /_meta|metadata/i.test(wordsOf(attempt.error))
  const { isError, content } = attempt.result
  return isError === true && /_meta|metadata/i.test(JSON.stringify(content))
}
