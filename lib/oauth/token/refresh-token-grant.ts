import { anyKey } from '../capabilities.ts'
import type { AuthenticatedClient } from '../client-authentication/authenticated-client.ts'
import { requireUnblockedHost } from '../client-authentication/client-authentication.ts'
import { isWeaker, strongerOf } from '../clients/authentication-strength.ts'
import type { ClientAuthenticationMethod } from '../clients/client.ts'
import { OAuthError } from '../errors.ts'
import { quickRotationsAfter } from '../grants/decision.ts'
import type { GrantRefusal } from '../grants/grants.ts'
import { beginGeneration, subjectOfGrant } from '../grants/record.ts'
import type { Parameters } from '../http/parameters.ts'
import { allowedScope } from '../scope-rules.ts'
import type { Known } from '../trail.ts'
import { issueTokens } from './access-token.ts'
import { requireKey } from './bound-key.ts'
import type { TokenCall, TokenContext, TokenResponse } from './context.ts'
import { type RefreshToken, refreshTokenOf } from './refresh-token.ts'
import { requireResource } from './resource.ts'

/**
 * Answers `grant_type=refresh_token` with rotation (OAuth 2.1 §4.3.1; T-20, T-21): opens the token, checks it, replaces its
 * generation of the grant by the next one and issues tokens. The request's `scope` narrows the access token only. The next
 * refresh token keeps the scope of the grant.
 */
export async function refreshTokenGrant(
  form: Parameters,
  client: AuthenticatedClient,
  context: TokenContext,
  call: TokenCall,
): Promise<TokenResponse> {
  const now = context.now()
  const token = openRefreshToken(form, client, context, call, now / 1000)
  requireResource(form.all('resource'), token.resource)
  const { recheck } = context
  const { carried, person, since } = recheck ? await recheck(token, call.signal) : { ...token, since: token.createdAt }
  const granted = allowedScope(token.scope, person, since, context)
  // The grant stays: the operator may give the account a role again.
  if (granted === '') throw new OAuthError('invalid_grant', 'this account may not use this service', 'not-allowed')
  const scope = narrowScope(form.get('scope'), granted, context.scopes.all)
  const signer = await context.signingKeys.signer(call.signal)

  const { createdAt, rotatedAt, endsAt, clientHash, clientName, resource, leftOut } = token
  const last = { ...carried, version: token.version, rotatedAt, receivedAt: now }
  // Proves the client last of all checks. The generation begins after that, so that the window of grace is not shortened by it.
  await client.spend(call.signal)
  const rotationAt = context.now()
  const next = beginGeneration(
    {
      ...carried,
      generation: token.generation + 1,
      createdAt,
      endsAt,
      clientHash,
      clientName,
      authenticationMethod: strongerOf(token.authenticationMethod, client.method),
      kid: context.currentKid,
      quickRotations: quickRotationsAfter(last, rotationAt),
    },
    { now: rotationAt, lifetime: context.refreshTokenLifetime, from: context.addressHash(token.grant, call.address) },
  )
  const grant = await context.grants.rotate(token.grant, next, last, call.signal)
  if ('refused' in grant) throw refusalOf(grant)

  const access = {
    client,
    resource,
    scope,
    leftOut,
    grant: token.grant,
    endsAt,
    person,
    since,
    attempt: grant.record.attempt,
    // A proof binds this access token, and never a grant that was made without one: a thief could lock its owner out (N11).
    binding: call.binding,
  }
  const response = await issueTokens(access, refreshTokenOf(grant, token, context.refreshTokens), signer, context)
  call.trail.record('refresh', 'ok')
  return response
}

function openRefreshToken(
  form: Parameters,
  client: AuthenticatedClient,
  { refreshTokens }: TokenContext,
  { trail, binding }: TokenCall,
  now: number,
): RefreshToken {
  const presented = form.get('refresh_token')
  if (presented === undefined) throw new OAuthError('invalid_request', 'refresh_token is missing')
  const token = refreshTokens.open(presented)
  if (token) trail.learn(knownOf(token))
  if (!token) throw new OAuthError('invalid_grant', 'the refresh token is not valid')
  if (token.clientHash !== client.hash) {
    throw new OAuthError('invalid_grant', 'the refresh token was issued to another client')
  }
  requireMethod(client, token.authenticationMethod)
  // RFC 9449 §5: the credentials of a client bind its refresh token, so it may change its key. No client may go back to Bearer.
  requireKey(token.carried?.jkt && client.method !== 'none' ? anyKey : token.carried?.jkt, binding)
  if (Math.min(token.expiresAt, token.endsAt) <= now) {
    throw new OAuthError('invalid_grant', 'the refresh token has expired')
  }
  requireUnblockedHost(token.redirectHost, client)
  return token
}

/** What a refresh token tells about the attempt that it comes from. */
export function knownOf({ carried, clientHash, clientName: name, grant, person }: RefreshToken): Known {
  return { attempt: carried?.attempt, clientHash, client: { name }, sub: subjectOfGrant(grant), person, grant }
}

/**
 * Makes the error for a refused rotation. A concurrent or earlier request may have authenticated more strongly than this one,
 * and the grant requires that from then on (T-10).
 */
function refusalOf({ refused }: GrantRefusal): OAuthError {
  if (refused === 'unproven') return new OAuthError('invalid_client', 'client authentication is required')
  return new OAuthError('invalid_grant', 'the refresh token is no longer valid', refused)
}

/** Throws `OAuthError` if the client authenticates more weakly than the grant requires (T-10). */
function requireMethod(client: AuthenticatedClient, method: ClientAuthenticationMethod): void {
  if (isWeaker(client.method, method)) throw new OAuthError('invalid_client', 'client authentication is required')
}

/**
 * Returns the scope of the access token: the requested scopes that the grant has (RFC 6749 §6). The answer names them.
 *
 * Many clients repeat here the scopes of their authorization request, of which the user or the operator may have granted
 * fewer. Refusing such a request would end the session and protect no one. Unknown scopes are ignored, as in an authorization
 * request. Throws `invalid_scope` if the request names known scopes and the grant has none of them.
 */
function narrowScope(requested: string | undefined, granted: string, known: readonly string[]): string {
  const allowed = granted.split(' ')
  const wanted = requested?.split(' ').filter((scope) => [...known, ...allowed].includes(scope))
  if (wanted === undefined || wanted.length === 0) return granted
  const remaining = allowed.filter((scope) => wanted.includes(scope))
  if (remaining.length === 0) throw new OAuthError('invalid_scope', 'nothing of this scope was granted')
  return remaining.join(' ')
}
