import type { Call } from '../base/call.ts'
import type { GrantKey } from './grants/record.ts'
import type { Person } from './token/person.ts'

/**
 * The steps of an attempt to connect a client, in their order.
 * - `registration`: the client registered itself. It belongs to no attempt, since the attempt begins later.
 * - `request`: the authorization request arrived. Recorded only when it was refused.
 * - `document`: the client's metadata document could not be fetched.
 * - `consent`: the user was shown the consent page (`ok`), or refused there.
 * - `approved`: the user approved, and the browser goes to the OpenID Provider. From here on every step is recorded.
 * - `provider`: the OpenID Provider failed, refused, or has to be asked again.
 * - `callback`: the browser came back from the provider, and the sign-in could not go on. Recorded only when that failed.
 * - `confirmation`: the user has signed in and was shown the confirmation page (`ok`), or refused there.
 * - `code`: the user has signed in, and the client was given a code.
 * - `token`: the client exchanged its code for tokens. The grant exists from here on.
 * - `refresh`: the client exchanged its refresh token.
 * - `revocation`: the client ended the grant.
 * - `session`: a user signed in to our own pages (`ok`), or could not. No client and no grant are involved.
 */
export type FlowStepName =
  | 'registration'
  | 'request'
  | 'document'
  | 'consent'
  | 'approved'
  | 'provider'
  | 'callback'
  | 'confirmation'
  | 'code'
  | 'token'
  | 'refresh'
  | 'revocation'
  | 'session'

/** `refused`: the client, the user or the provider did something wrong. `failed`: the fault is on the server's side. */
export type FlowOutcome = 'ok' | 'refused' | 'failed'

/** One step of a client's attempt to connect, as far as the request knows it. */
export interface FlowStep {
  /** The code of the attempt. Absent for a registration, and for values that earlier releases sealed. */
  readonly attempt?: string | undefined
  readonly step: FlowStepName
  readonly outcome: FlowOutcome
  /** Why, as one word: the kind of the error page, the OAuth error code, or a word of our own. */
  readonly reason?: string | undefined
  /** The same as a sentence, for the operator. It holds no personal data. */
  readonly detail?: string | undefined
  /** base64url SHA-256 of the client_id. Absent if the request was refused before the client was known. */
  readonly clientHash?: string | undefined
  /** What is known about the client, where a step knows more than its hash. */
  readonly client?: FlowClient | undefined
  /** The user. Absent until the OpenID Provider has named the user. */
  readonly sub?: string | undefined
  readonly person?: Person | undefined
  /** The grant, once its key is known. The grant exists from `token` on. */
  readonly grant?: GrantKey | undefined
}

export interface FlowClient {
  /** What the client calls itself. */
  readonly name?: string | undefined
  /** The host of the client's metadata document. */
  readonly verifiedHost?: string | undefined
  /** When the client registered, in seconds since the epoch. */
  readonly registeredAt?: number | undefined
  /** Where the answer goes: the scheme of the redirect URI, with its host if that is a website. */
  readonly sendsTo?: string | undefined
}

/**
 * Records a step of the flow. Called once for each step, before the answer goes out. Never throws, and returns at once: work
 * that takes time belongs into `call.waitUntil`. A step before `approved` or without an attempt costs the caller one request:
 * a recorder writes only as many of them as it allows an address.
 */
export type RecordStep = (step: FlowStep, call: Pick<Call, 'address' | 'requestId' | 'waitUntil'>) => void
