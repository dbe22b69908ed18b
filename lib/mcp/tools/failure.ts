import type { CallToolResult } from '@modelcontextprotocol/server'
import type { Failure as FailedCall } from '../../answers/calls.ts'
import { defined } from '../../base/defined.ts'
import { toJson } from '../../base/well-formed.ts'

export interface Failure {
  /** A code that stays the same: `missing_query`, `timeout`, … */
  readonly error: string
  /** For the model and the user: what happened, and what may help. */
  readonly message: string
  readonly detail?: string
  readonly duration_ms?: number
  /** Seconds. */
  readonly retry_after?: number
}

const codes = new WeakMap<CallToolResult, string>()

/** The one form of every failure: `isError: true`, and one text item that holds JSON. */
export function failure(body: Failure): CallToolResult {
  const result: CallToolResult = { isError: true, content: [{ type: 'text', text: toJson(body) }] }
  codes.set(result, body.error)
  return result
}

/** Gives a copy of a result the outcome of the original. */
export function withOutcomeOf(original: CallToolResult, copy: CallToolResult): CallToolResult {
  const code = codes.get(original)
  if (code !== undefined) codes.set(copy, code)
  return copy
}

/** The outcome of a call, for the log: `ok`, the code of our own failure, or `upstream_refused` if Kapa or the hub reported one. */
export const outcomeOf = (result: CallToolResult): string =>
  codes.get(result) ?? (result.isError === true ? 'upstream_refused' : 'ok')

/**
 * The failure of a service that answers a tool.
 *
 * @param service the name that begins the sentence: `The documentation search`
 */
export function serviceFailure(answer: FailedCall, service: string, insteadOfWaiting = 'Try again.'): CallToolResult {
  const { code, detail, durationMs, retryAfter, permanent } = answer
  const reasons = {
    timeout: `did not answer in time. ${insteadOfWaiting}`,
    refusal: 'refused the request, and trying again will not help: tell the user that it is not available right now.',
    limit: `has reached its limit. ${inTime(retryAfter)}`,
    other: `failed. ${inTime(retryAfter)}`,
  }
  const refused = permanent ? 'refusal' : detail === 'HTTP 429' ? 'limit' : 'other'
  const message = `${service} ${reasons[code === 'timeout' ? 'timeout' : refused]}`
  return failure(defined({ error: code, message, detail, duration_ms: durationMs, retry_after: retryAfter }))
}

/** @param seconds until the service wants to be asked again; `undefined`: it did not say */
function inTime(seconds: number | undefined): string {
  if (seconds === undefined) return 'Try again in a moment.'
  return `Try again in ${seconds === 1 ? '1 second' : `${seconds} seconds`}.`
}
