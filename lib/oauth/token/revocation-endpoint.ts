import type { AuthenticationCall, ClientAuthentication } from '../client-authentication/authenticated-client.ts'
import { isWeaker } from '../clients/authentication-strength.ts'
import { OAuthError } from '../errors.ts'
import type { Grants } from '../grants/grants.ts'
import { readClientForm } from '../http/parameters.ts'
import type { OpenIssuedToken } from './issued-tokens.ts'

export interface RevocationOptions {
  /** As at the token endpoint, but that clients which the operator blocks may still end what they have. */
  readonly authentication: ClientAuthentication
  readonly openToken: OpenIssuedToken
  readonly grants: Pick<Grants, 'read' | 'revoke'>
}

/**
 * `POST /oauth/revoke` (RFC 7009; T-26). Either kind of token ends its grant, and with it every token of the grant: an
 * access token is verified without asking anybody, so that there is nothing smaller to end, and RFC 7009 §2.1 permits it.
 * A refresh token of an earlier generation does the same: whoever shows it means this authorization.
 *
 * Resolves once the grant has ended; equally for what is no token, has expired, or has ended before (RFC 7009 §2.2).
 * `token_type_hint` is not read: a token's form says what it is. Throws `OAuthError` and `StoreUnavailable`.
 */
export async function revoke(request: Request, options: RevocationOptions, call: AuthenticationCall): Promise<void> {
  const { grants } = options
  const form = await readClientForm(request)
  const client = await options.authentication.authenticate(request, form, call)
  const shown = form.get('token')
  if (shown === undefined) throw new OAuthError('invalid_request', 'token is missing')
  const token = await options.openToken(shown, call.signal)
  if (!token) return
  // RFC 7009 §2.1: refused, and told. Silence would let a client believe that it has signed somebody out (A6).
  if (token.clientHash !== client.hash) throw new OAuthError('invalid_grant', 'the token was issued to another client')
  const grant = await grants.read(token.grant, call.signal)
  if (!grant || grant.record.revokedAt !== undefined) return
  // Who proves itself in order to get tokens proves itself in order to end them (M-17).
  if (isWeaker(client.method, grant.record.authenticationMethod)) {
    throw new OAuthError('invalid_client', 'client authentication is required')
  }
  await client.spend(call.signal)
  await grants.revoke(token.grant, 'client_request', call.signal, grant)
}
