/** A completed sign-in: a client has redeemed a code, and a grant exists. `lib/people/sign-ins.ts` records it. */
export interface SignIn {
  /** The stable id of the user at this server, never an email address (F-07). */
  readonly sub: string
  readonly email?: string
  /** `undefined` if the OpenID Provider did not say (F-000-72). */
  readonly emailVerified?: boolean
  readonly name?: string
  readonly organization?: { readonly id?: string; readonly name?: string }
  /** The name of the provider. Absent: the default provider. */
  readonly provider?: string
  readonly client: { readonly hash: string; readonly name?: string; readonly host?: string }
  /** Key of the grant in the store. */
  readonly grant: string
  /** Seconds since the epoch. */
  readonly at: number
}

/** Records a sign-in after the answer. No request waits for it, and the log has its errors. */
export type RecordSignIn = (signIn: SignIn, signal: AbortSignal) => Promise<void>
