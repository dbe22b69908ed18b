import type { GrantHandler } from '../assertions/grant-handler.ts'
import { capabilities } from '../capabilities.ts'
import type { ClientAuthentication } from '../client-authentication/authenticated-client.ts'
import { OAuthError } from '../errors.ts'
import { type Parameters, readClientForm } from '../http/parameters.ts'
import { type ChooseSigning, signByLoad } from '../keys/compact.ts'
import type { Sealing } from '../keys/sealing.ts'
import type { Trail } from '../trail.ts'
import { codeSealer } from './authorization-code.ts'
import { authorizationCodeGrant, knownOf } from './authorization-code-grant.ts'
import type { TokenCall, TokenContext, TokenResponse } from './context.ts'
import { refreshSealer } from './refresh-token.ts'
import { knownOf as knownOfRefreshToken, refreshTokenGrant } from './refresh-token-grant.ts'

export type TokenEndpoint = (request: Request, call: TokenCall) => Promise<TokenResponse>

const grantTypes: Record<(typeof capabilities.grantTypes)[number], typeof authorizationCodeGrant> = {
  authorization_code: authorizationCodeGrant,
  refresh_token: refreshTokenGrant,
}

/**
 * Makes the handler of `POST /oauth/token` (OAuth 2.1 §3.2). It throws `OAuthError` and `StoreUnavailable`.
 *
 * All checks, and loading the signing key, come before the one conditional write that spends the code or the refresh token.
 * The signature follows that write, so that a refused request costs no RSA operation.
 */
export function createTokenEndpoint(
  options: Omit<TokenContext, 'codes' | 'refreshTokens' | 'currentKid' | 'addressHash' | 'signJwt'> & {
    readonly sealing: Sealing
    readonly chooseSigning?: ChooseSigning | undefined
    readonly authentication: ClientAuthentication
    readonly further?: ReadonlyMap<string, GrantHandler> | undefined
  },
): TokenEndpoint {
  const { sealing, authentication, further, chooseSigning = signByLoad, ...rest } = options
  let running = 0
  const addresses = sealing.secrets('rotation-address')
  const context: TokenContext = {
    ...rest,
    signJwt: (...jwt) => chooseSigning(running > 1)(...jwt),
    codes: codeSealer(sealing),
    refreshTokens: refreshSealer(sealing),
    currentKid: sealing.currentKid,
    addressHash: (grant, address) => (address === undefined ? undefined : addresses.of(`${grant}\n${address}`)),
  }
  async function answer(request: Request, call: TokenCall): Promise<TokenResponse> {
    const form = await readClientForm(request)
    const grantType = form.get('grant_type')
    if (grantType === undefined) throw new OAuthError('invalid_request', 'grant_type is missing')
    const supported = capabilities.grantTypes.find((name) => name === grantType)
    call.trail.at(supported === 'refresh_token' ? 'refresh' : 'token')
    const authenticate = () => authentication.authenticate(request, form, call)
    const more = further?.get(grantType)
    if (more) return more({ request, form, context, call, authenticate })
    const client = await authenticate().catch((error) => {
      learnFrom(form, call.trail, context)
      throw error
    })
    if (!supported) throw new OAuthError('unsupported_grant_type', 'use authorization_code or refresh_token')
    if (client.grantTypes?.includes(supported) === false) {
      throw new OAuthError('unauthorized_client', 'the client is not registered for this grant type')
    }
    if (!request.headers.has('dpop')) return grantTypes[supported](form, client, context, call)
    const { bindingOf } = await import('../dpop/binding.ts')
    const binding = bindingOf(request, context.issuer, context.now())
    return grantTypes[supported](form, client, context, { ...call, binding })
  }
  return (request, call) => {
    running += 1
    return answer(request, call).finally(() => {
      running -= 1
    })
  }
}

/** Learns which attempt a request belongs to whose client could not be authenticated. */
function learnFrom(form: Parameters, trail: Trail, { codes, refreshTokens }: TokenContext): void {
  const code = codes.open(form.get('code') ?? '')
  if (code) trail.learn(knownOf(code))
  const token = refreshTokens.open(form.get('refresh_token') ?? '')
  if (token) trail.learn(knownOfRefreshToken(token))
}
