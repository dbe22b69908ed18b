import { lifetimes } from '../capabilities.ts'
import { newGrantKey } from '../grants/record.ts'
import { sha256 } from '../sha256.ts'
import type { Person } from '../token/claims.ts'
import type { AuthorizationContext } from './context.ts'
import type { AuthorizationRequest } from './request.ts'

/** Someone who has signed in: our own id of them, and what their tokens will say. */
export interface SignedIn {
  readonly sub: string
  readonly person: Person
}

/** The authorization code of an approved request by someone who has signed in. Stores nothing: redeeming it does. */
export function issueCode(
  { sub, person }: SignedIn,
  request: AuthorizationRequest,
  context: AuthorizationContext,
): string {
  const now = Math.floor(context.now() / 1000)
  const end = now + context.grantLifetime
  const redirectHost = new URL(request.redirect_uri).host
  const code = context.codes.seal({
    g: newGrantKey(sub, end),
    c: request.c,
    r: sha256(request.redirect_uri),
    ...(redirectHost === '' ? {} : { rh: redirectHost }),
    p: request.p,
    resource: request.resource,
    scope: request.scope,
    ...(request.cn === undefined ? {} : { cn: request.cn }),
    ...(request.ch === undefined ? {} : { ch: request.ch }),
    m: request.m,
    rt: request.rt,
    u: person,
    exp: now + lifetimes.code,
    end,
  })
  context.log('code_issued', { client: request.c, sub })
  return code
}
