import { randomUUID } from 'node:crypto'
import type { AuthenticatedClient } from '../client-authentication/authenticated-client.ts'
import { type GrantKey, subjectOfGrant } from '../grants/record.ts'
import type { Signer } from '../keys/signing-keys.ts'
import type { Binding } from './bound-key.ts'
import type { TokenContext, TokenResponse } from './context.ts'
import type { Person } from './person.ts'

/** The content of an access token. */
export interface Access {
  readonly client: AuthenticatedClient
  readonly resource: string
  readonly scope: string
  /** The scopes that the user left out on the consent page. */
  readonly leftOut: string | undefined
  readonly grant: GrantKey
  /** The absolute end of the grant, in seconds since the epoch. No token outlives it. */
  readonly endsAt: number
  readonly person: Person
  /** When the OpenID Provider said who the person is, in seconds since the epoch. */
  readonly since: number
  /** The code of the attempt that created the grant. */
  readonly attempt: string | undefined
  /** The key of the request's DPoP proof, to which the token is bound. */
  readonly binding: Binding | undefined
}

/**
 * Makes the answer of the token endpoint. Its access token is an RS256 JWT for one audience (RFC 9068; T-16, T-17), which
 * `/mcp` verifies without I/O. The token names the user, because the answer service is told who asks (F-000-81).
 */
export async function issueTokens(
  access: Access,
  refreshToken: string | undefined,
  signer: Signer,
  context: TokenContext,
): Promise<TokenResponse> {
  const { person, scope, binding } = access
  const issuedAt = Math.floor(context.now() / 1000)
  const expiresAt = Math.min(issuedAt + context.accessTokenLifetime, access.endsAt)
  const claims = {
    iss: context.issuer,
    sub: subjectOfGrant(access.grant),
    aud: access.resource,
    client_id: access.client.id,
    scope,
    scope_left_out: access.leftOut,
    grant: access.grant,
    attempt: access.attempt,
    jti: randomUUID(),
    iat: issuedAt,
    exp: expiresAt,
    email: person.email,
    email_verified: person.emailVerified,
    org_id: person.organizationId,
    org_name: person.organizationName,
    idp: person.provider,
    ...context.scopeRules?.claimsOf?.(person, access.since),
    cnf: binding && { jkt: binding.jkt },
  }
  return {
    access_token: await context.signJwt({ typ: 'at+jwt', kid: signer.kid }, claims, signer.privateKey),
    token_type: binding ? 'DPoP' : 'Bearer',
    expires_in: expiresAt - issuedAt,
    scope,
    refresh_token: refreshToken,
  }
}
