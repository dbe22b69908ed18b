import * as v from 'valibot'
import { Person, personNames } from '../token/person.ts'
import { authorizationRequestEntries, authorizationRequestNames } from './request.ts'

// What the transaction cookies seal, with the short names that the members have there. A later release must be able to
// open what this one has sealed: a member keeps its short name and its meaning.

/** An approved request, until the user has signed in. */
export const SealedTransaction = v.object({
  ...authorizationRequestEntries,
  /** The state, nonce and code_verifier of our request to the OpenID Provider (F-01, F-03). */
  loginState: v.string(),
  nonce: v.string(),
  codeVerifier: v.string(),
  /** Until when the user may sign in, in seconds since the epoch. */
  expiresAt: v.number(),
  /** When the user approved, in seconds since the epoch. Absent in transactions of earlier releases. */
  approvedAt: v.optional(v.number()),
  /** The random part of the key of the grant to be. Absent in transactions of earlier releases. */
  grantId: v.optional(v.string()),
  /** The provider that the browser was sent to. Absent in transactions of earlier releases. */
  providerId: v.optional(v.string()),
  /** How often the sign-in has been repeated. Absent: never. */
  repeats: v.optional(v.number()),
})
export const transactionNames = {
  ...authorizationRequestNames,
  loginState: 'us',
  nonce: 'un',
  codeVerifier: 'uv',
  expiresAt: 'exp',
  approvedAt: 'ap',
  grantId: 'gi',
  providerId: 'pr',
  repeats: 'n',
} as const

/** A request whose user has signed in and must still confirm. */
export const SealedConfirmation = v.object({
  ...authorizationRequestEntries,
  loginState: v.string(),
  sub: v.string(),
  person: Person,
  grantKey: v.string(),
  /** The absolute end of the grant to be, in seconds since the epoch. */
  grantEnd: v.number(),
  /** When the user approved, in seconds since the epoch. Absent in confirmations of earlier releases. */
  approvedAt: v.optional(v.number()),
  /** Until when the user may confirm, in seconds since the epoch. */
  expiresAt: v.number(),
})
export const confirmationNames = {
  ...authorizationRequestNames,
  loginState: 'us',
  person: ['u', personNames],
  grantKey: 'g',
  grantEnd: 'end',
  approvedAt: 'ap',
  expiresAt: 'exp',
} as const

/** A request for which a code has been issued. `expiresAt`: until when the browser remembers it. */
export const SealedOutcome = v.object({
  ...SealedConfirmation.entries,
  codeId: v.string(),
  /** When the code was issued, in seconds since the epoch. */
  codeIssuedAt: v.number(),
})
export const outcomeNames = { ...confirmationNames, codeId: 'id', codeIssuedAt: 'at' } as const
