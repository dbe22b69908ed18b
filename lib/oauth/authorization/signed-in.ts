import type { GrantKey } from '../grants/record.ts'
import type { Person } from '../token/person.ts'

/** A user who has signed in at the OpenID Provider. */
export interface SignedIn {
  /** This server's own id of the user. */
  readonly sub: string
  /** What the user's tokens will say. */
  readonly person: Person
}

/** The grant that a sign-in becomes when its code is redeemed. */
export interface GrantToBe {
  readonly key: GrantKey
  /** The absolute end of the grant, in seconds since the epoch. */
  readonly end: number
  /** When the user approved, in seconds since the epoch. Absent in values of earlier releases. */
  readonly approvedAt?: number | undefined
}

/** What makes a code unique among the codes of one grant. Two codes with the same values are the same string. */
export interface CodeToBe {
  readonly id: string
  /** Seconds since the epoch. The code's 60 seconds begin here. */
  readonly at: number
}
