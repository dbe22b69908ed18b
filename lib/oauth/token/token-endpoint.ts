import { capabilities } from '../capabilities.ts'
import type { ClientAuthentication } from '../client-authentication/authenticated-client.ts'
import { OAuthError } from '../errors.ts'
import type { Grants } from '../grants/grants.ts'
import type { GrantKey } from '../grants/record.ts'
import { readClientForm } from '../http/parameters.ts'
import type { Sealing } from '../keys/sealing.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import { type CodeSealer, codeSealer } from './authorization-code.ts'
import { authorizationCodeGrant } from './authorization-code-grant.ts'
import { type RefreshSealer, refreshSealer } from './refresh-token.ts'
import { refreshTokenGrant } from './refresh-token-grant.ts'
import type { RecordSignIn } from './sign-in.ts'

/** RFC 6749 §5.1. Absent members are left out: `null` breaks clients (T-04). */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** Seconds. */
  readonly expires_in: number
  readonly scope: string
  readonly refresh_token?: string
}

/** What both grant types need. */
export interface TokenContext {
  readonly issuer: string
  readonly resource: string
  /** Seconds. */
  readonly accessTokenLifetime: number
  /** Seconds a refresh token lives unless it is used. */
  readonly refreshTokenLifetime: number
  readonly codes: CodeSealer
  readonly refreshTokens: RefreshSealer
  readonly currentKid: string
  /** What a grant's record keeps of the address that asked for its current generation: a keyed hash, of this grant alone. */
  readonly addressHash: (grant: GrantKey, address: string | undefined) => string | undefined
  readonly grants: Grants
  readonly signingKeys: SigningKeys
  readonly recordSignIn: RecordSignIn
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface TokenCall {
  readonly signal: AbortSignal
  /** Of the caller; absent: not limited. */
  readonly address?: string
  readonly waitUntil: (work: Promise<unknown>) => void
}

export type TokenEndpoint = (request: Request, call: TokenCall) => Promise<TokenResponse>

const grantTypes: Record<(typeof capabilities.grantTypes)[number], typeof authorizationCodeGrant> = {
  authorization_code: authorizationCodeGrant,
  refresh_token: refreshTokenGrant,
}

/**
 * `POST /oauth/token` (OAuth 2.1 §3.2). Every check, and loading the signing key, comes before the one conditional
 * write that spends the code or the refresh token; the signature follows it. Throws `OAuthError` and `StoreUnavailable`.
 */
export function createTokenEndpoint(
  options: Omit<TokenContext, 'codes' | 'refreshTokens' | 'currentKid' | 'addressHash'> & {
    readonly sealing: Sealing
    readonly authentication: ClientAuthentication
  },
): TokenEndpoint {
  const { sealing, authentication, ...rest } = options
  const addresses = sealing.secrets('rotation-address')
  const context: TokenContext = {
    ...rest,
    codes: codeSealer(sealing),
    refreshTokens: refreshSealer(sealing),
    currentKid: sealing.currentKid,
    addressHash: (grant, address) => (address === undefined ? undefined : addresses.of(`${grant}\n${address}`)),
  }
  return async (request, call) => {
    const form = await readClientForm(request)
    const grantType = form.get('grant_type')
    if (grantType === undefined) throw new OAuthError('invalid_request', 'grant_type is missing')
    const supported = capabilities.grantTypes.find((name) => name === grantType)
    const client = await authentication.authenticate(request, form, call)
    if (!supported) throw new OAuthError('unsupported_grant_type', 'use authorization_code or refresh_token')
    if (client.grantTypes?.includes(supported) === false) {
      throw new OAuthError('unauthorized_client', 'the client is not registered for this grant type')
    }
    return grantTypes[supported](form, client, context, call)
  }
}
