import { randomBytes } from 'node:crypto'
import { sha256 } from '../../base/sha256.ts'
import { lifetimes } from '../capabilities.ts'
import { PageError } from '../errors.ts'
import { newGrantKey } from '../grants/record.ts'
import { allowedScope } from '../scope-rules.ts'
import type { AuthorizationContext } from './context.ts'
import { type AuthorizationRequest, startAgainPath } from './request.ts'
import type { CodeToBe, GrantToBe, SignedIn } from './signed-in.ts'

/**
 * Returns the grant that an approval becomes. Its key comes from the approval, so that one approval becomes one grant,
 * however often the user has to go through the OpenID Provider.
 */
export function grantOf(
  sub: string,
  approval: { readonly approvedAt: number; readonly grantId: string },
  { grantLifetime }: AuthorizationContext,
): GrantToBe {
  const end = approval.approvedAt + grantLifetime
  return { key: newGrantKey(sub, end, approval.grantId), end, approvedAt: approval.approvedAt }
}

export function newCode({ now }: AuthorizationContext): CodeToBe {
  return { id: randomBytes(12).toString('base64url'), at: Math.floor(now() / 1000) }
}

/** Seconds in which repeated posts of one confirmation give the same code. */
const sameCode = 10

/** Returns the code of a confirmation. It is the same for a few seconds, so that a double click counts as one click. */
export function codeOfConfirmation(grant: GrantToBe, { now }: AuthorizationContext): CodeToBe {
  const at = Math.floor(now() / 1000 / sameCode) * sameCode
  // The key of the grant has 128 random bits that are known only here.
  return { id: sha256(`${grant.key} ${at}`).slice(0, 16), at }
}

/** Whether an issued code can still be redeemed. */
export const isAlive = ({ at }: CodeToBe, { now }: AuthorizationContext) =>
  at + lifetimes.code > Math.floor(now() / 1000)

/**
 * Returns what the user may have of the scope that they approved. Only after the sign-in is the user known. Throws `PageError` if the
 * user may have nothing: the client could ask again without end.
 *
 * @param since when the provider said who the user is, in seconds since the epoch
 */
export function requireScope(
  { person }: SignedIn,
  request: AuthorizationRequest,
  since: number,
  context: AuthorizationContext,
): string {
  const scope = allowedScope(request.scope, person, since, context)
  if (scope !== '') return scope
  const again = startAgainPath({ ...request, prompt: 'select_account' })
  throw new PageError('not-allowed', 'access_denied', 'this account may not use this service', { again })
}

/**
 * Makes the authorization code for an approved request and a signed-in user. The same arguments give the same code. Stores
 * nothing: redeeming the code does. Throws `PageError`.
 */
export function codeFor(
  signedIn: SignedIn,
  request: AuthorizationRequest,
  grant: GrantToBe,
  { id, at }: CodeToBe,
  context: AuthorizationContext,
): string {
  return context.codes.seal({
    id,
    grant: grant.key,
    clientHash: request.clientHash,
    redirectUriHash: sha256(request.redirectUri),
    redirectHost: new URL(request.redirectUri).host || undefined,
    codeChallenge: request.codeChallenge,
    resource: request.resource,
    scope: requireScope(signedIn, request, grant.approvedAt ?? at, context),
    leftOut: request.leftOut,
    clientName: request.clientName,
    clientHost: request.verifiedHost,
    authenticationMethods: request.authenticationMethods,
    jwksUri: request.jwksUri,
    boundTo: request.boundTo,
    usesRefreshTokens: request.usesRefreshTokens,
    person: signedIn.person,
    expiresAt: at + lifetimes.code,
    endsAt: grant.end,
    attempt: request.attempt,
    approvedAt: grant.approvedAt,
  })
}
