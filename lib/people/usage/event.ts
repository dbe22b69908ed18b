import type { Person } from '../person.ts'

/** What happened: the call of a tool, or a step of a sign-in. */
export type Happening =
  /** `tool`: a name of this server's list, otherwise `unknown` (N28). */
  { readonly kind: 'call'; readonly tool: string } | { readonly kind: 'step'; readonly step: string }

/**
 * How the event ended. `failed`: the tool or this server failed. `refused`: a rule of this server, the user or the provider
 * refused. `cancelled`: the client disconnected.
 */
export type OutcomeKind = 'ok' | 'failed' | 'refused' | 'cancelled'

export interface Outcome {
  readonly kind: OutcomeKind
  /** One of this server's codes, such as `timeout` or `limit`, and never text of a user or a client. */
  readonly reason?: string
}

/** The client of an event. */
export interface UsageClient {
  /** base64url SHA-256 of the client_id. */
  readonly hash: string
  /** What the client calls itself. */
  readonly name?: string
  /** The host of the client's metadata document: the publisher is verified. Absent for other clients. */
  readonly host?: string
  /** A program of the settings that acts for itself. `name` is its name there, and no client that registers can take it. */
  readonly machine?: true
}

/**
 * One call of a tool, or one step of a sign-in from approval on. It holds no question. Its record has only keyed hashes of the
 * person, the company and the client, and neither an email address nor a name.
 */
export interface UsageEvent {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Our own id of the person. Absent: the caller is anonymous. */
  readonly sub?: string
  /** What the OpenID Provider said, from which the company is derived. */
  readonly person?: Person
  readonly client?: UsageClient
  readonly what: Happening
  readonly outcome: Outcome
  readonly milliseconds: number
}

/** Records usage without delaying the answer to a request. */
export interface UsageRecorder {
  /**
   * Records an event with one write, and repeats the write for up to 60 s. Never throws: an event that cannot be written is
   * logged as `usage_event_lost`. Call it after the answer, inside `waitUntil`.
   *
   * @param signal ends the attempts before the 60 s are over
   */
  record(event: UsageEvent, signal?: AbortSignal): Promise<void>
}
