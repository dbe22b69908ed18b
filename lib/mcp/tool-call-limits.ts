import type { Limit, RateLimitCount } from '../base/rate-limit.ts'
import type { AccessToken } from '../resource-server/bearer.ts'
import { jsonRpcError } from './refusals.ts'

/** A limit of tool calls. */
export interface CallLimit extends Limit {
  /** Its name in the headers: `address` for addresses alone. Printable ASCII without quotes and backslashes. */
  readonly policy: string
  /**
   * Counts one more call, unless the limit is reached. `null`: this caller is not limited, or the count is unknown.
   *
   * @param who the `sub` of the token, or the address as the platform tells it
   */
  hit(who: string, signal: AbortSignal): Promise<RateLimitCount | null>
}

/** The limits of tool calls. Absent: not limited. */
export interface CallLimits {
  /** The limit of a signed-in user, whatever their address; the token decides which. `null`: none. */
  readonly user?: (token: AccessToken) => CallLimit | null
  /** The limit of each address, for anonymous callers. */
  readonly address?: CallLimit
}

/** A counted call, and where the caller stands. */
export interface CountedCall extends Limit {
  readonly limited: boolean
  /** Calls that still pass: exact for an address; for a user in quarters of the limit, rounded down, but never to 0. */
  readonly remaining: number
  /** Seconds until the window is over: at least 1. */
  readonly resetAfter: number
  readonly policy: string
}

/**
 * Counts a tool call: by the token, otherwise by the address, and by nothing that the caller could choose (B8-13). Returns
 * `null` if no limit applies.
 */
export async function countCall(
  limits: CallLimits,
  token: AccessToken | undefined,
  address: string,
  signal: AbortSignal,
): Promise<CountedCall | null> {
  const callLimit = token === undefined ? limits.address : limits.user?.(token)
  const count = await callLimit?.hit(token?.sub ?? address, signal)
  if (!callLimit || !count) return null
  const { policy, limit, windowSeconds } = callLimit
  if (count.limited) return { limited: true, remaining: 0, resetAfter: count.retryAfter, policy, limit, windowSeconds }
  const remaining = token === undefined ? count.remaining : inQuarters(count.remaining, limit)
  return { ...count, remaining, policy, limit, windowSeconds }
}

/** The exact number would show a token thief each call that the user makes, and so when the user's client refreshes. */
function inQuarters(remaining: number, limit: number): number {
  const quarter = Math.ceil(limit / 4)
  return Math.max(Math.min(remaining, 1), Math.floor(remaining / quarter) * quarter)
}

/** Makes the 429. The body tells the user how long to wait, because most clients show it and few read `Retry-After`. */
export function tooManyCalls(counted: CountedCall, id: string | number | null): Response {
  const { policy, limit, windowSeconds, resetAfter } = counted
  const whom = policy === 'address' ? 'one network address without signing in' : 'one person'
  const message =
    `Too many tool calls: ${limit} in ${duration(windowSeconds)} are allowed for ${whom}. ` +
    `Try again in ${duration(resetAfter)}.`
  const data = { error: 'rate_limited', limit, window_seconds: windowSeconds, retry_after: resetAfter }
  return jsonRpcError(429, -32000, message, { id, data, headers: { 'Retry-After': String(resetAfter) } })
}

function duration(seconds: number): string {
  if (seconds < 120) return seconds === 1 ? '1 second' : `${seconds} seconds`
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} minutes` : `${Math.ceil(seconds / 3600)} hours`
}
