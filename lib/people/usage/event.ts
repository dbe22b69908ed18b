import type { Person } from '../person.ts'

/** What happened: the call of a tool, or a step of a sign-in. */
export type Happening =
  /** `tool`: a name of this server's list, otherwise `unknown` (N28). */
  { readonly kind: 'call'; readonly tool: string } | { readonly kind: 'step'; readonly step: string }

/**
 * How it ended. `failed`: the tool ran, or the server did not manage. `refused`: a rule of this server, the user or the provider
 * said no. `cancelled`: the client went away.
 */
export type OutcomeKind = 'ok' | 'failed' | 'refused' | 'cancelled'

export interface Outcome {
  readonly kind: OutcomeKind
  /** A code of ours such as `timeout` or `limit`, never text of a user or a client. */
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
}

/**
 * One call of a tool, or one step of a sign-in from approval on. It holds no question, no address and no name: the record of it
 * has only keyed hashes of the person, the company and the client.
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

/** Records usage off the path of the answer. */
export interface UsageRecorder {
  /**
   * Records an event with one write, and repeats the write for up to 60 s. Never throws: an event that cannot be written is logged
   * as `usage_event_lost`. Call it after the answer, inside `waitUntil`.
   *
   * @param signal ends the attempts early. The default is that only the 60 s end them
   */
  record(event: UsageEvent, signal?: AbortSignal): Promise<void>
}
