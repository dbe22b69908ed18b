import { withDeadline } from '../../base/deadline.ts'
import { sha256 } from '../../base/sha256.ts'
import type { AuthenticatedClient } from '../client-authentication/authenticated-client.ts'
import { requireUnblockedHost } from '../client-authentication/client-authentication.ts'
import { OAuthError } from '../errors.ts'
import { beginGeneration, subjectOfGrant } from '../grants/record.ts'
import type { Parameters } from '../http/parameters.ts'
import { issueTokens } from './access-token.ts'
import type { AuthorizationCode } from './authorization-code.ts'
import { verifyCodeVerifier } from './pkce.ts'
import { refreshTokenOf } from './refresh-token.ts'
import { requireResource } from './resource.ts'
import type { SignIn } from './sign-in.ts'
import type { TokenCall, TokenContext, TokenResponse } from './token-endpoint.ts'

/** `grant_type=authorization_code` (OAuth 2.1 §4.1.3), in the order of T-11: nothing is consumed before all checks pass. */
export async function authorizationCodeGrant(
  form: Parameters,
  client: AuthenticatedClient,
  context: TokenContext,
  call: TokenCall,
): Promise<TokenResponse> {
  const clock = context.now()
  const now = Math.floor(clock / 1000)
  const code = openCode(form, client, context, now)
  requireResource(form.all('resource'), code.resource)
  const signer = await context.signingKeys.signer(call.signal)

  const record = beginGeneration(
    {
      generation: 0,
      createdAt: now,
      endsAt: code.end,
      clientHash: code.c,
      clientName: code.cn,
      authenticationMethod: client.method,
      kid: context.currentKid,
      ...(code.id === undefined ? {} : { codeHash: sha256(code.id) }),
    },
    { now: clock, lifetime: context.refreshTokenLifetime, from: context.addressHash(code.g, call.address) },
  )
  await client.spend(call.signal)
  const grant = await context.grants.redeem(code.g, record, call.signal)
  if ('refused' in grant) throw new OAuthError('invalid_grant', 'the code has been used', grant.refused)

  const { g, resource, scope, u: person } = code
  const refreshToken = code.rt ? refreshTokenOf(grant, code, context.refreshTokens) : undefined
  const access = { client, resource, scope, leftOut: code.lo, grant: g, endsAt: code.end, person }
  const response = issueTokens(access, refreshToken, signer, context)
  call.waitUntil(withDeadline(recordTimeout, (signal) => context.recordSignIn(signInOf(code, now), signal)))
  return response
}

/** Milliseconds for recording who signed in, after the answer has gone out. */
const recordTimeout = 8000

function openCode(
  form: Parameters,
  client: AuthenticatedClient,
  { codes }: TokenContext,
  now: number,
): AuthorizationCode {
  const presented = form.get('code')
  const verifier = form.get('code_verifier')
  const redirectUri = form.get('redirect_uri')
  if (presented === undefined) throw new OAuthError('invalid_request', 'code is missing')
  const code = codes.open(presented)
  if (!code) throw new OAuthError('invalid_grant', 'the code is not valid')
  if (code.c !== client.hash) throw new OAuthError('invalid_grant', 'the code was issued to another client')
  if (code.exp <= now) throw new OAuthError('invalid_grant', 'the code has expired')
  if (!code.m.includes(client.method)) throw new OAuthError('invalid_client', 'client authentication is required')
  // OAuth 2.1 §10.2: no longer required, but what is sent has to be what the code was sent to (T-11).
  if (redirectUri !== undefined && sha256(redirectUri) !== code.r) {
    throw new OAuthError('invalid_grant', 'redirect_uri is not the one of the authorization request')
  }
  if (verifier === undefined || !verifyCodeVerifier(verifier, code.p)) {
    throw new OAuthError('invalid_grant', 'code_verifier does not match the code_challenge')
  }
  requireUnblockedHost(code.rh, client)
  return code
}

function signInOf(code: AuthorizationCode, at: number): SignIn {
  const { u: person } = code
  const organization = {
    ...(person.oi === undefined ? {} : { id: person.oi }),
    ...(person.on === undefined ? {} : { name: person.on }),
  }
  return {
    sub: subjectOfGrant(code.g),
    ...(person.email === undefined ? {} : { email: person.email }),
    ...(person.ev === undefined ? {} : { emailVerified: person.ev }),
    ...('id' in organization || 'name' in organization ? { organization } : {}),
    client: {
      hash: code.c,
      ...(code.cn === undefined ? {} : { name: code.cn }),
      ...(code.ch === undefined ? {} : { host: code.ch }),
    },
    grant: code.g,
    at,
  }
}
