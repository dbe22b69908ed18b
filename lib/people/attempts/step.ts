import { dayOfAttempt } from '../../base/attempt-code.ts'

/** What a step knows about the client. */
export interface ClientOfStep {
  readonly name?: string | undefined
  /** The host of the client's metadata document. */
  readonly verifiedHost?: string | undefined
  /** When the client registered, in seconds since the epoch. */
  readonly registeredAt?: number | undefined
  /** Where the answer goes: `https://` and a host, or the scheme of another redirect URI with a colon. */
  readonly sendsTo?: string | undefined
}

/**
 * One step of an attempt to connect a client. `oauth/flow-step.ts` lists the steps of the sign-in; `/mcp` adds `first-call` and
 * `call`. It names no user.
 */
export interface AttemptStep {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly step: string
  readonly outcome: 'ok' | 'refused' | 'failed'
  /** One word of ours. */
  readonly reason?: string | undefined
  /** The same as a sentence, for the operator. */
  readonly detail?: string | undefined
  /** base64url SHA-256 of the client_id. */
  readonly clientHash?: string | undefined
  readonly client?: ClientOfStep | undefined
}

/** How long each step may take, in seconds. */
export interface Patience {
  readonly consent: number
  readonly signIn: number
  readonly confirmation: number
  readonly code: number
}

/** The collection of the store. */
export const collection = 'attempts'

/** The prefix of everything that is known about an attempt. */
export const prefixOf = (code: string): string => `${collection}/${dayOfAttempt(code)}/${code}/`

const hour = 3_600_000
const day = 24 * hour

/**
 * Returns the key of a step: `attempts/<yyyymmdd>/<code>/<time>.<step>.<outcome>`. A client refreshes and calls for months, so
 * these steps count once a day where they succeed and once an hour where they fail: their time is rounded down, and a later one
 * replaces an earlier one. A first call has no time, so that `create` finds the earlier one.
 */
export function keyOf(code: string, { at, step, outcome, reason }: AttemptStep): string {
  if (step === 'first-call') return `${prefixOf(code)}first-call`
  const every = step === 'call' ? day : step === 'refresh' ? (outcome === 'ok' ? day : hour) : 1
  const name = step === 'call' && reason !== undefined ? `call-${reason}` : step
  return `${prefixOf(code)}${Math.floor(at / every) * every}.${name}.${outcome}`
}
