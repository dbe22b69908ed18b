import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'
import { type ClientKey, parseKeySet } from '../../lib/oauth/clients/client-keys.ts'
import { keepSecret } from './secrets.ts'

/** A key with which a client signs its assertions. */
export interface SigningClientKey {
  readonly publicKey: ClientKey
  /**
   * What a well-behaved client sends as `client_assertion`.
   *
   * @param claims instead of those it would have; `undefined` leaves one out
   * @param header likewise
   */
  assertion(
    clientId: string,
    audience: string,
    claims?: Readonly<Record<string, unknown>>,
    header?: Partial<JWTHeaderParameters>,
  ): Promise<string>
}

/** @param now seconds since the epoch, as the client's clock says */
export async function createClientKey(
  options: { readonly alg?: 'RS256' | 'ES256'; readonly kid?: string; readonly now?: () => number } = {},
): Promise<SigningClientKey> {
  const { alg = 'ES256', kid = randomUUID(), now = () => Math.floor(Date.now() / 1000) } = options
  const { publicKey, privateKey } = await generateKeyPair(alg)
  const keys = parseKeySet({ keys: [{ ...(await exportJWK(publicKey)), kid }] })
  const [usable] = typeof keys === 'string' ? [] : keys
  if (!usable) throw new Error('no usable key')
  return {
    publicKey: usable,
    async assertion(clientId, audience, claims = {}, header = {}) {
      const payload: JWTPayload = {
        iss: clientId,
        sub: clientId,
        aud: audience,
        jti: randomUUID(),
        iat: now(),
        exp: now() + 60,
        ...claims,
      }
      const jwt = await new SignJWT(payload).setProtectedHeader({ alg, kid, ...header }).sign(privateKey)
      keepSecret(jwt)
      return jwt
    },
  }
}

/** The parameters of a request by which a client proves itself with an assertion (RFC 7523 §2.2). */
export const assertionParameters = (assertion: string) => ({
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: assertion,
})
