import type { Limit, RateLimitCount } from '../base/rate-limit.ts'
import { jsonResponse } from '../base/well-formed.ts'
import type { AccessToken } from '../resource-server/bearer.ts'

/** A limit of tool calls. */
export interface CallLimit extends Limit {
  /** What the headers call it: `address` for addresses alone. Printable ASCII without quotes and backslashes. */
  readonly policy: string
  /**
   * Counts one more call, unless there were too many already. `null`: this caller is not limited, or nobody can tell.
   *
   * @param who the `sub` of the token, or the address as the platform tells it
   */
  hit(who: string, signal: AbortSignal): Promise<RateLimitCount | null>
}

/** Absent: not limited. */
export interface CallLimits {
  /** For each person who has signed in, wherever they call from; which one is theirs the token says. `null`: none. */
  readonly user?: (token: AccessToken) => CallLimit | null
  /** For each address from which people call who have not. */
  readonly address?: CallLimit
}

/** A call that was counted. */
export interface CountedCall extends Limit {
  readonly limited: boolean
  /** How many more calls pass: exactly for an address; for a person in quarters of the limit, rounded down, but never to 0. */
  readonly remaining: number
  /** Seconds until the window is over: at least 1. */
  readonly resetAfter: number
  readonly policy: string
}

/**
 * Counts a call of the caller: by the token, else by the address, and by nothing that the caller could choose (B8-13).
 * `null`: no limit holds here.
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

/** The exact number would tell a thief of a token each call that its owner makes, and so when their client refreshes. */
function inQuarters(remaining: number, limit: number): number {
  const quarter = Math.ceil(limit / 4)
  return Math.max(Math.min(remaining, 1), Math.floor(remaining / quarter) * quarter)
}

/** 429 for a person to read and a program to wait by: most clients show the body, few look at `Retry-After`. */
export function tooManyCalls(counted: CountedCall, id: string | number | null): Response {
  const { policy, limit, windowSeconds, resetAfter } = counted
  const whom = policy === 'address' ? 'one network address without signing in' : 'one person'
  const message =
    `Too many tool calls: ${limit} in ${duration(windowSeconds)} are allowed for ${whom}. ` +
    `Try again in ${duration(resetAfter)}.`
  const data = { error: 'rate_limited', limit, window_seconds: windowSeconds, retry_after: resetAfter }
  return jsonResponse(
    { jsonrpc: '2.0', id, error: { code: -32000, message, data } },
    { status: 429, headers: { 'Retry-After': String(resetAfter) } },
  )
}

function duration(seconds: number): string {
  if (seconds < 120) return seconds === 1 ? '1 second' : `${seconds} seconds`
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} minutes` : `${Math.ceil(seconds / 3600)} hours`
}
