import { randomBytes } from 'node:crypto'
import { sha256 } from '../../base/sha256.ts'
import { lifetimes } from '../capabilities.ts'
import { type GrantKey, newGrantKey } from '../grants/record.ts'
import type { Person } from '../token/claims.ts'
import type { AuthorizationContext } from './context.ts'
import type { AuthorizationRequest } from './request.ts'

/** Someone who has signed in: our own id of them, and what their tokens will say. */
export interface SignedIn {
  readonly sub: string
  readonly person: Person
}

/** The grant that a sign-in will become, once its code is redeemed. */
export interface GrantToBe {
  readonly key: GrantKey
  /** Its absolute end, in seconds since the epoch. */
  readonly end: number
}

/** What tells one code of a grant from another: two with the same are the same string. */
export interface CodeToBe {
  readonly id: string
  /** Seconds since the epoch: its 60 seconds begin here. */
  readonly at: number
}

/**
 * One approval becomes one grant, however often the person has to go through the OpenID Provider for it: the key is made of
 * what belongs to the approval.
 */
export function grantOf(
  sub: string,
  approval: { readonly approvedAt: number; readonly grantId: string },
  { grantLifetime }: AuthorizationContext,
): GrantToBe {
  const end = approval.approvedAt + grantLifetime
  return { key: newGrantKey(sub, end, approval.grantId), end }
}

export function newCode({ now }: AuthorizationContext): CodeToBe {
  return { id: randomBytes(12).toString('base64url'), at: Math.floor(now() / 1000) }
}

/** Seconds in which a confirmation that is posted again gives the same code again. */
const sameCode = 10

/** The code of a confirmation: the same within a few seconds, so that a double click is one click. */
export function codeOfConfirmation(grant: GrantToBe, { now }: AuthorizationContext): CodeToBe {
  const at = Math.floor(now() / 1000 / sameCode) * sameCode
  // The key of the grant has 128 random bits that nobody outside knows.
  return { id: sha256(`${grant.key} ${at}`).slice(0, 16), at }
}

/** Whether a code that was issued can still be redeemed. */
export const isAlive = ({ at }: CodeToBe, { now }: AuthorizationContext) =>
  at + lifetimes.code > Math.floor(now() / 1000)

/**
 * The authorization code of an approved request by someone who has signed in: the same for the same. Stores nothing:
 * redeeming it does.
 */
export function codeFor(
  { sub: _, person }: SignedIn,
  request: AuthorizationRequest,
  grant: GrantToBe,
  { id, at }: CodeToBe,
  { codes }: AuthorizationContext,
): string {
  return codes.seal({
    id,
    grant: grant.key,
    clientHash: request.c,
    redirectUriHash: sha256(request.redirect_uri),
    redirectHost: new URL(request.redirect_uri).host || undefined,
    codeChallenge: request.p,
    resource: request.resource,
    scope: request.scope,
    leftOut: request.lo,
    clientName: request.cn,
    clientHost: request.ch,
    authenticationMethods: request.m,
    jwksUri: request.ju,
    usesRefreshTokens: request.rt,
    person,
    expiresAt: at + lifetimes.code,
    endsAt: grant.end,
  })
}
