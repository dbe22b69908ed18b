import { readStorelessGrant, type StorelessGrants } from '../assertions/storeless-grant.ts'
import type { AuthenticationCall, ClientAuthentication } from '../client-authentication/authenticated-client.ts'
import { isWeaker } from '../clients/authentication-strength.ts'
import { OAuthError } from '../errors.ts'
import type { Grants } from '../grants/grants.ts'
import { subjectOfGrant } from '../grants/record.ts'
import { readClientForm } from '../http/parameters.ts'
import type { Known } from '../trail.ts'
import type { OpenIssuedToken } from './issued-tokens.ts'

export interface RevocationOptions {
  /** As at the token endpoint, except that blocked clients may still revoke their grants. */
  readonly authentication: ClientAuthentication
  readonly openToken: OpenIssuedToken
  readonly grants: Pick<Grants, 'read' | 'revoke'>
  /** Ends tokens that no stored grant stands behind. */
  readonly storeless?: Pick<StorelessGrants, 'revoke'> | undefined
}

/**
 * Answers `POST /oauth/revoke` (RFC 7009; T-26). Either kind of token ends its grant, and with it every token of the grant.
 * Resource servers verify access tokens without I/O, so a single one cannot be revoked, and RFC 7009 §2.1 permits ending the
 * grant. A refresh token of an earlier generation ends its grant, too.
 *
 * Resolves once the grant has ended, with what is known about it. Resolves with `null` for a value that is not a token, has expired, or belongs to a grant that ended
 * before (RFC 7009 §2.2). `token_type_hint` is not read, since the form of a token says its kind. Throws `OAuthError` and
 * `StoreUnavailable`.
 */
export async function revoke(
  request: Request,
  options: RevocationOptions,
  call: AuthenticationCall,
): Promise<Known | null> {
  const { grants } = options
  const form = await readClientForm(request)
  const client = await options.authentication.authenticate(request, form, call)
  const shown = form.get('token')
  if (shown === undefined) throw new OAuthError('invalid_request', 'token is missing')
  const token = await options.openToken(shown, call.signal)
  if (!token) return null
  // RFC 7009 §2.1: an error, since silence would let a client believe that it has signed a user out.
  if (token.clientHash !== client.hash) throw new OAuthError('invalid_grant', 'the token was issued to another client')
  if (options.storeless && readStorelessGrant(token.grant)) {
    await client.spend(call.signal)
    const ended = await options.storeless.revoke(token.grant, call.signal)
    return ended && { clientHash: client.hash, sub: ended.sub, grant: token.grant }
  }
  const grant = await grants.read(token.grant, call.signal)
  if (!grant || grant.record.revokedAt !== undefined) return null
  // A client that must authenticate for tokens must also authenticate to revoke them (M-17).
  if (isWeaker(client.method, grant.record.authenticationMethod)) {
    throw new OAuthError('invalid_client', 'client authentication is required')
  }
  await client.spend(call.signal)
  await grants.revoke(token.grant, 'client_request', call.signal, grant)
  const { attempt, clientHash, clientName: name } = grant.record
  return { attempt, clientHash, client: { name }, sub: subjectOfGrant(token.grant), grant: token.grant }
}
