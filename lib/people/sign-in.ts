import type { Person } from './person.ts'

/** A person signed in: a code was redeemed and a grant exists. */
export interface SignIn extends Person {
  /** Our own stable id of the person: never an email address (F-07). */
  readonly sub: string
  readonly client: { readonly hash: string; readonly name?: string; readonly host?: string }
  /** Key of the grant in the store. */
  readonly grant: string
  /** Seconds since the epoch. */
  readonly at: number
}
