import { generateKeyPairSync } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, importJWK, type JWTPayload, SignJWT } from 'jose'
import { keepSecret } from '../../dev/worlds/secrets.ts'

/** A signing key of the operator. A test can sign tokens with it that the server never would. */
export interface PinnedKey {
  readonly settings: { readonly MCP_OAUTH_SIGNING_JWK: string }
  /** The access token with a valid signature and other claims (`undefined` removes one) or another `typ`. */
  resign(accessToken: string, changes?: { readonly claims?: JWTPayload; readonly typ?: string }): Promise<string>
}

export function createPinnedKey(): PinnedKey {
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
  keepSecret(jwk.d)
  return {
    settings: { MCP_OAUTH_SIGNING_JWK: JSON.stringify(jwk) },
    async resign(accessToken, { claims, typ } = {}) {
      const { alg = '', kid = '', ...header } = decodeProtectedHeader(accessToken)
      const token = await new SignJWT({ ...decodeJwt(accessToken), ...claims })
        .setProtectedHeader({ alg, kid, typ: typ ?? header.typ ?? '' })
        .sign(await importJWK({ ...jwk }, alg))
      keepSecret(token)
      return token
    },
  }
}
