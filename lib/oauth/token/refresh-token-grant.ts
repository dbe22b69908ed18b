import { scopes } from '../capabilities.ts'
import type { AuthenticatedClient } from '../client-authentication/authenticated-client.ts'
import { requireUnblockedHost } from '../client-authentication/client-authentication.ts'
import { isWeaker, strongerOf } from '../clients/authentication-strength.ts'
import type { ClientAuthenticationMethod } from '../clients/client.ts'
import { OAuthError } from '../errors.ts'
import { quickRotationsAfter } from '../grants/decision.ts'
import type { GrantRefusal } from '../grants/grants.ts'
import { beginGeneration } from '../grants/record.ts'
import type { Parameters } from '../http/parameters.ts'
import { issueTokens } from './access-token.ts'
import { type RefreshToken, refreshTokenOf } from './refresh-token.ts'
import { requireResource } from './resource.ts'
import type { TokenCall, TokenContext, TokenResponse } from './token-endpoint.ts'

/**
 * `grant_type=refresh_token` with rotation (OAuth 2.1 §4.3.1; T-20, T-21). The request's `scope` narrows the access
 * token only; the next refresh token keeps the scope of the grant.
 */
export async function refreshTokenGrant(
  form: Parameters,
  client: AuthenticatedClient,
  context: TokenContext,
  call: TokenCall,
): Promise<TokenResponse> {
  const now = context.now()
  const token = openRefreshToken(form, client, context, now / 1000)
  requireResource(form.all('resource'), token.resource)
  const scope = narrowScope(form.get('scope'), token.scope)
  const signer = await context.signingKeys.signer(call.signal)

  const last = { ...token.r, version: token.v, rotatedAt: token.rat }
  const next = beginGeneration(
    {
      ...token.r,
      generation: token.n + 1,
      createdAt: token.iat,
      endsAt: token.end,
      clientHash: token.c,
      clientName: token.cn,
      authenticationMethod: strongerOf(token.m, client.method),
      kid: context.currentKid,
      quickRotations: quickRotationsAfter(last, now),
    },
    { now, lifetime: context.refreshTokenLifetime, from: context.addressHash(token.g, call.address) },
  )
  await client.spend(call.signal)
  const grant = await context.grants.rotate(token.g, next, last, call.signal)
  if ('refused' in grant) throw refusalOf(grant)

  const { g, lo: leftOut, u: person, resource, end: endsAt } = token
  const access = { client, resource, scope, leftOut, grant: g, endsAt, person }
  return issueTokens(access, refreshTokenOf(grant, token, context.refreshTokens), signer, context)
}

function openRefreshToken(
  form: Parameters,
  client: AuthenticatedClient,
  { refreshTokens }: TokenContext,
  now: number,
): RefreshToken {
  const presented = form.get('refresh_token')
  if (presented === undefined) throw new OAuthError('invalid_request', 'refresh_token is missing')
  const token = refreshTokens.open(presented)
  if (!token) throw new OAuthError('invalid_grant', 'the refresh token is not valid')
  if (token.c !== client.hash) throw new OAuthError('invalid_grant', 'the refresh token was issued to another client')
  requireMethod(client, token.m)
  if (Math.min(token.exp, token.end) <= now) throw new OAuthError('invalid_grant', 'the refresh token has expired')
  requireUnblockedHost(token.rh, client)
  return token
}

/** A racer, or an earlier request, may have proven more than this one: then that is what the grant asks for (T-10). */
function refusalOf({ refused }: GrantRefusal): OAuthError {
  if (refused === 'unproven') return new OAuthError('invalid_client', 'client authentication is required')
  return new OAuthError('invalid_grant', 'the refresh token is no longer valid', refused)
}

/** T-10: what a grant began with, or more. */
function requireMethod(client: AuthenticatedClient, method: ClientAuthenticationMethod): void {
  if (isWeaker(client.method, method)) throw new OAuthError('invalid_client', 'client authentication is required')
}

/**
 * What was asked for, as far as it was granted (RFC 6749 §6); the answer names it. Clients repeat here what they asked for
 * in the authorization request, of which the person or the operator may have granted less: to refuse the rest gives nobody
 * more, and to refuse all of it would end the session. What we do not know is left out, as it is there.
 * `invalid_scope` where nothing remains of what we know.
 */
function narrowScope(requested: string | undefined, granted: string): string {
  const allowed = granted.split(' ')
  const wanted = requested?.split(' ').filter((scope) => scopes.some((known) => known === scope))
  if (wanted === undefined || wanted.length === 0) return granted
  const remaining = allowed.filter((scope) => wanted.includes(scope))
  if (remaining.length === 0) throw new OAuthError('invalid_scope', 'nothing of this scope was granted')
  return remaining.join(' ')
}
