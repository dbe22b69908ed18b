import type { HostCondition } from './document-host.ts'
import type { Fault } from './faulty-store.ts'

/**
 * The actions of users, clients and hosts, as plain data, so that a failing script shrinks to a short one. Pages, codes
 * and so on are counted from the newest (0) back; a step for which there is nothing does nothing.
 */
export type Step =
  | {
      readonly do: 'sign in'
      readonly client: number
      readonly browser: number
      /** How far: all the way, or left with this before the person. */
      readonly until: 'code' | 'consent' | 'login' | 'confirmation'
      readonly at: number
    }
  | {
      readonly do: 'register'
      readonly kind: number
      readonly address: number
      readonly at: number
      /** The fault of each parallel registration, the first of them at `at`. */
      readonly faults: readonly (Fault | undefined)[]
      readonly order: readonly number[]
    }
  | {
      readonly do: 'authorize'
      readonly client: number
      readonly browser: number
      readonly scope: Scope
      readonly at: number
      readonly fault: Fault | undefined
    }
  | { readonly do: 'document host'; readonly condition: HostCondition; readonly edition: number }
  | ({ readonly do: 'press'; readonly button: 'approve' | 'cancel'; readonly page: number } & Whereabouts)
  | ({
      readonly do: 'callback'
      readonly upstream: 'fine' | 'passing' | 'spent' | 'lost' | 'refused'
      readonly transaction: number
    } & Whereabouts)
  | ({ readonly do: 'confirm'; readonly button: 'confirm' | 'cancel'; readonly transaction: number } & Whereabouts)
  | { readonly do: 'tokens'; readonly requests: readonly TokenRequest[]; readonly order: readonly number[] }
  /** A thief copies the newest tokens of a grant, and watches from now on. */
  | { readonly do: 'steal'; readonly grant: number }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'late write lands' }
  /** Restored from a copy, or re-sealed: the same records in other versions. */
  | { readonly do: 'store moves' }

/** The kind of client that registers nowhere, because it publishes its metadata. */
export const documentKind = 5

export type Scope = 'docs:read' | 'docs:read docs:feedback'

interface Whereabouts {
  readonly browser: 'own' | 'other'
  readonly at: number
}

/** Requests that are sent at the same time. */
export type TokenRequest =
  | ({ readonly kind: 'redeem'; readonly code: number; readonly other: boolean; readonly wrong: Wrong } & Sent)
  | ({
      readonly kind: 'refresh'
      readonly grant: number
      readonly age: number
      readonly wrong: Wrong
      readonly narrow: boolean
    } & Sent)
  | ({
      readonly kind: 'revoke'
      readonly grant: number
      readonly token: 'refresh' | 'access'
      readonly age: number
      readonly wrong: Wrong
    } & Omit<Sent, 'again'>)

/** Its fault: the token of another client, or no client authentication. */
export type Wrong = 'nothing' | 'client' | 'verifier' | 'redirect_uri' | 'resource'

interface Sent {
  /** Number of the instance. */
  readonly at: number
  /** How often the refresh token of the answer is used right away. */
  readonly again: number
  readonly fault: Fault | undefined
}

export interface Script {
  /** The secrets of the two instances: the same; each other's as the previous one; the new one unknown to the old instance. */
  readonly secrets: 'same' | 'both' | 'mixed'
  /** Whether there is one in the beginning. */
  readonly signingKey: 'made' | 'none'
  readonly steps: readonly Step[]
}
