/** Someone signed in: a code was redeemed and a grant exists. Told to whoever records it (`lib/attribution`). */
export interface SignIn {
  /** Our own stable id of the person: never an e-mail address (F-07). */
  readonly sub: string
  readonly email?: string
  /** `undefined`: the OpenID Provider did not say (F-000-72). */
  readonly emailVerified?: boolean
  readonly name?: string
  readonly organization?: { readonly id?: string; readonly name?: string }
  readonly client: { readonly hash: string; readonly name?: string; readonly host?: string }
  /** Key of the grant in the store. */
  readonly grant: string
  /** Seconds since the epoch. */
  readonly at: number
}

/** Best effort, off the critical path: what it throws is logged and nobody waits for it. */
export type RecordSignIn = (signIn: SignIn, signal: AbortSignal) => Promise<void>
