import { withDeadline } from '../../base/deadline.ts'
import { defined } from '../../base/defined.ts'
import { sha256 } from '../../base/sha256.ts'
import type { AuthenticatedClient } from '../client-authentication/authenticated-client.ts'
import { requireUnblockedHost } from '../client-authentication/client-authentication.ts'
import { OAuthError } from '../errors.ts'
import { beginGeneration, subjectOfGrant } from '../grants/record.ts'
import type { Parameters } from '../http/parameters.ts'
import type { Known } from '../trail.ts'
import { issueTokens } from './access-token.ts'
import type { AuthorizationCode } from './authorization-code.ts'
import { requireKey } from './bound-key.ts'
import type { TokenCall, TokenContext, TokenResponse } from './context.ts'
import { verifyCodeVerifier } from './pkce.ts'
import { refreshTokenOf } from './refresh-token.ts'
import { requireResource } from './resource.ts'
import type { SignIn } from './sign-in.ts'

/**
 * Answers `grant_type=authorization_code` (OAuth 2.1 §4.1.3): opens the code, checks it, spends it and issues tokens. Nothing
 * is spent before all checks have passed (T-11).
 */
export async function authorizationCodeGrant(
  form: Parameters,
  client: AuthenticatedClient,
  context: TokenContext,
  call: TokenCall,
): Promise<TokenResponse> {
  const clock = context.now()
  const now = Math.floor(clock / 1000)
  const code = openCode(form, client, context, call, now)
  const { binding } = call
  requireResource(form.all('resource'), code.resource)
  const signer = await context.signingKeys.signer(call.signal)

  const { clientHash, clientName, endsAt, resource, scope, leftOut, person, attempt } = code
  const record = beginGeneration(
    {
      generation: 0,
      createdAt: now,
      endsAt,
      clientHash,
      clientName,
      authenticationMethod: client.method,
      kid: context.currentKid,
      codeHash: code.id === undefined ? undefined : sha256(code.id),
      attempt,
      jkt: binding?.jkt,
      provider: person.provider,
    },
    { now: clock, lifetime: context.refreshTokenLifetime, from: context.addressHash(code.grant, call.address) },
  )
  await client.spend(call.signal)
  const { approvedAt } = code
  const addresses = await context.endedAddresses?.()
  const addressEnded = addresses?.hasEnded(code, call.signal)
  const grant = await context.grants.redeem(code.grant, record, call.signal, approvedAt, addressEnded)
  if ('refused' in grant) {
    const text = grant.refused === 'ended' ? 'the user has ended this sign-in' : 'the code has been used'
    throw new OAuthError('invalid_grant', text, grant.refused)
  }
  // The fence may have been written between its read and the creation of the grant.
  call.waitUntil(
    withDeadline(recordTimeout, (signal) => context.grants.endIfFenced(code.grant, grant, signal, approvedAt)),
  )

  const refreshToken = code.usesRefreshTokens ? refreshTokenOf(grant, code, context.refreshTokens) : undefined
  const access = {
    client,
    resource,
    scope,
    leftOut,
    grant: code.grant,
    endsAt,
    person,
    since: code.approvedAt ?? now,
    attempt,
    binding,
  }
  const response = await issueTokens(access, refreshToken, signer, context)
  call.trail.record('token', 'ok')
  call.waitUntil(
    withDeadline(recordTimeout, (signal) =>
      context
        .recordSignIn(signInOf(code, now), signal)
        .finally(() => addresses?.endIfMissed(code, grant, context.grants, signal)),
    ),
  )
  return response
}

/** Milliseconds for recording the sign-in, after the answer has gone out. */
const recordTimeout = 8000

function openCode(
  form: Parameters,
  client: AuthenticatedClient,
  { codes }: TokenContext,
  { trail, binding }: TokenCall,
  now: number,
): AuthorizationCode {
  const presented = form.get('code')
  const verifier = form.get('code_verifier')
  const redirectUri = form.get('redirect_uri')
  if (presented === undefined) throw new OAuthError('invalid_request', 'code is missing')
  const code = codes.open(presented)
  if (code) trail.learn(knownOf(code))
  if (!code) throw new OAuthError('invalid_grant', 'the code is not valid')
  if (code.clientHash !== client.hash) throw new OAuthError('invalid_grant', 'the code was issued to another client')
  if (code.expiresAt <= now) throw new OAuthError('invalid_grant', 'the code has expired')
  if (!code.authenticationMethods.includes(client.method)) {
    throw new OAuthError('invalid_client', 'client authentication is required')
  }
  // OAuth 2.1 §10.2: the parameter is no longer required. If the client sends it, it must match (T-11).
  if (redirectUri !== undefined && sha256(redirectUri) !== code.redirectUriHash) {
    throw new OAuthError('invalid_grant', 'redirect_uri is not the one of the authorization request')
  }
  if (verifier === undefined || !verifyCodeVerifier(verifier, code.codeChallenge)) {
    throw new OAuthError('invalid_grant', 'code_verifier does not match the code_challenge')
  }
  requireKey(code.boundTo, binding)
  requireUnblockedHost(code.redirectHost, client)
  return code
}

/** What a code tells about its attempt. */
export function knownOf({
  attempt,
  clientHash,
  clientName: name,
  clientHost,
  grant,
  person,
}: AuthorizationCode): Known {
  return { attempt, clientHash, client: { name, verifiedHost: clientHost }, sub: subjectOfGrant(grant), person, grant }
}

function signInOf({ grant, person, clientHash, clientName, clientHost }: AuthorizationCode, at: number): SignIn {
  const { email, emailVerified, organizationId: id, organizationName: name, provider } = person
  return defined({
    sub: subjectOfGrant(grant),
    email,
    emailVerified,
    organization: id === undefined && name === undefined ? undefined : defined({ id, name }),
    provider,
    client: defined({ hash: clientHash, name: clientName, host: clientHost }),
    grant,
    at,
  })
}
