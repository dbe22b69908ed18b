import type { HostCondition } from './document-host.ts'
import type { Fault } from './faulty-store.ts'

/**
 * One action of a user, a client or the world, as plain data, so that a failing script shrinks to a short one. Indexes of
 * pages, codes and so on count back from the newest (0). A step whose object does not exist does nothing.
 */
export type Step =
  | {
      readonly do: 'sign in'
      readonly client: number
      readonly browser: number
      /** Where the sign-in stops: at the code, or at a page that waits for the user. */
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
  /** The store is restored or copied: the records stay the same, and their versions change. */
  | { readonly do: 'store moves' }

/** The kind of client that publishes its metadata and does not register. */
export const documentKind = 5

export type Scope = 'docs:read' | 'docs:read docs:feedback'

interface Whereabouts {
  readonly browser: 'own' | 'other'
  readonly at: number
}

/** One of the requests that are sent concurrently. */
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

/** What is wrong with the request: it comes from another client, or one of its parameters is wrong. */
export type Wrong = 'nothing' | 'client' | 'verifier' | 'redirect_uri' | 'resource'

interface Sent {
  /** The index of the instance. */
  readonly at: number
  /** How many refreshes follow at once, each with the refresh token of the previous answer. */
  readonly again: number
  readonly fault: Fault | undefined
}

export interface Script {
  /**
   * The secrets of the two instances. `same`: one secret; `both`: each has the other's as its previous secret; `mixed`: the
   * old instance does not know the new secret.
   */
  readonly secrets: 'same' | 'both' | 'mixed'
  /** Whether a signing key exists at the start. */
  readonly signingKey: 'made' | 'none'
  readonly steps: readonly Step[]
}
