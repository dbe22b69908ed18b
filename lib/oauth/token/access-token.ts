import { randomUUID } from 'node:crypto'
import type { AuthenticatedClient } from '../client-authentication/authenticated-client.ts'
import { subjectOfGrant } from '../grants/record.ts'
import { signRs256 } from '../keys/compact.ts'
import type { Signer } from '../keys/signing-keys.ts'
import type { Person } from './claims.ts'
import type { TokenContext, TokenResponse } from './token-endpoint.ts'

/** What an access token is to say. */
export interface Access {
  readonly client: AuthenticatedClient
  readonly resource: string
  readonly scope: string
  /** Scopes that the person has left out on the consent page. */
  readonly leftOut: string | undefined
  /** Key of the grant, and its absolute end in seconds since the epoch: no token outlives it. */
  readonly grant: string
  readonly endsAt: number
  readonly person: Person
}

/**
 * The answer of the token endpoint. Its access token is a JWT by RFC 9068, RS256, for one audience (T-16, T-17), that
 * `/mcp` verifies without asking anybody. It says who the person is because the answer service is told (F-000-81).
 */
export function issueTokens(
  access: Access,
  refreshToken: string | undefined,
  signer: Signer,
  context: TokenContext,
): TokenResponse {
  const { person, scope } = access
  const issuedAt = Math.floor(context.now() / 1000)
  const expiresAt = Math.min(issuedAt + context.accessTokenLifetime, access.endsAt)
  const claims = {
    iss: context.issuer,
    sub: subjectOfGrant(access.grant),
    aud: access.resource,
    client_id: access.client.id,
    scope,
    ...(access.leftOut === undefined ? {} : { scope_left_out: access.leftOut }),
    grant: access.grant,
    jti: randomUUID(),
    iat: issuedAt,
    exp: expiresAt,
    ...(person.email === undefined ? {} : { email: person.email }),
    ...(person.ev === undefined ? {} : { email_verified: person.ev }),
    ...(person.oi === undefined ? {} : { org_id: person.oi }),
    ...(person.on === undefined ? {} : { org_name: person.on }),
  }
  return {
    access_token: signRs256({ typ: 'at+jwt', kid: signer.kid }, claims, signer.privateKey),
    token_type: 'Bearer',
    expires_in: expiresAt - issuedAt,
    scope,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
  }
}
