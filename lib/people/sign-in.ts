import type { Person } from './person.ts'

/** A completed sign-in: a code was redeemed and a grant exists. `oauth/token/sign-in.ts` declares the same for its side. */
export interface SignIn extends Person {
  /** Our own stable id of the person: never an email address (F-07). */
  readonly sub: string
  /** The name of the provider. Absent: the default provider. */
  readonly provider?: string
  readonly client: { readonly hash: string; readonly name?: string; readonly host?: string }
  /** Key of the grant in the store. */
  readonly grant: string
  /** Seconds since the epoch. */
  readonly at: number
}
