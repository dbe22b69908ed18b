import { randomBytes } from 'node:crypto'
import { lifetimes } from '../capabilities.ts'
import { type GrantKey, newGrantKey } from '../grants/record.ts'
import { sha256 } from '../sha256.ts'
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

export function newGrant(sub: string, { now, grantLifetime }: AuthorizationContext): GrantToBe {
  const end = Math.floor(now() / 1000) + grantLifetime
  return { key: newGrantKey(sub, end), end }
}

/** The authorization code of an approved request by someone who has signed in. Stores nothing: redeeming it does. */
export function issueCode(
  { sub, person }: SignedIn,
  request: AuthorizationRequest,
  grant: GrantToBe,
  context: AuthorizationContext,
): string {
  const now = Math.floor(context.now() / 1000)
  const redirectHost = new URL(request.redirect_uri).host
  const code = context.codes.seal({
    id: randomBytes(12).toString('base64url'),
    g: grant.key,
    c: request.c,
    r: sha256(request.redirect_uri),
    ...(redirectHost === '' ? {} : { rh: redirectHost }),
    p: request.p,
    resource: request.resource,
    scope: request.scope,
    ...(request.cn === undefined ? {} : { cn: request.cn }),
    ...(request.ch === undefined ? {} : { ch: request.ch }),
    m: request.m,
    ...(request.ju === undefined ? {} : { ju: request.ju }),
    rt: request.rt,
    u: person,
    exp: now + lifetimes.code,
    end: grant.end,
  })
  context.log('code_issued', { client: request.c, sub })
  return code
}
