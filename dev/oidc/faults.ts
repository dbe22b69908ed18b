import { createPublicKey } from 'node:crypto'
import { decodeJwt, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import * as v from 'valibot'
import { endpointFault } from '../stand-in.ts'
import { createSigningKey, type SigningKey } from './keys.ts'

/** What a broken or a hostile provider could put in place of a good ID token. */
export const idTokenFaults = [
  'wrong-audience',
  'wrong-issuer',
  'wrong-nonce',
  'expired',
  'unsigned',
  'signed-with-public-key',
  'unknown-key',
  'bad-signature',
] as const
export type IdTokenFault = (typeof idTokenFaults)[number]

export const providerFaults = v.strictObject({
  authorization: v.optional(v.picklist(['server_error', 'temporarily_unavailable'])),
  token: v.optional(endpointFault),
  discovery: v.optional(endpointFault),
  jwks: v.optional(endpointFault),
  idToken: v.optional(v.picklist(idTokenFaults)),
  /** Seconds by which the provider's clock is ahead, or behind: in the times of its ID tokens. */
  clockOffset: v.optional(v.pipe(v.number(), v.integer())),
})
/** How the provider misbehaves from now on. Set and delete members at will. */
export type ProviderFaults = v.InferOutput<typeof providerFaults>

/** @returns the ID token of a provider whose clock is so many seconds ahead, or behind */
export async function shiftClock(seconds: number, idToken: string, key: SigningKey): Promise<string> {
  const claims = decodeJwt(idToken)
  const times = ['iat', 'exp', 'nbf', 'auth_time'].flatMap((name) => {
    const time = claims[name]
    return typeof time === 'number' ? [[name, time + seconds] as const] : []
  })
  return sign({ ...claims, ...Object.fromEntries(times) }, key)
}

const sign = (claims: JWTPayload, key: SigningKey) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: key.kid }).sign(key)

/** @returns the ID token with one thing wrong, and all else as it was */
export async function forge(fault: IdTokenFault, idToken: string, key: SigningKey): Promise<string> {
  const claims = decodeJwt(idToken)
  const changed = (changes: JWTPayload, signingKey = key) => sign({ ...claims, ...changes }, signingKey)
  switch (fault) {
    case 'wrong-audience':
      return changed({ aud: 'somebody-else' })
    case 'wrong-issuer':
      return changed({ iss: 'http://localhost:1' })
    case 'wrong-nonce':
      return changed({ nonce: 'another-sign-in' })
    case 'expired':
      return changed({ iat: (claims.iat ?? 0) - 86_400, exp: (claims.iat ?? 0) - 82_800 })
    case 'unsigned':
      return new UnsecuredJWT(claims).encode()
    case 'signed-with-public-key': {
      // Algorithm confusion: a verifier that takes `alg` from the token checks this with the published key, and it fits.
      const pem = createPublicKey({ format: 'jwk', key }).export({ type: 'spki', format: 'pem' })
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: key.kid }).sign(Buffer.from(pem))
    }
    case 'unknown-key':
      return changed({}, await createSigningKey())
    case 'bad-signature':
      return changed({}, { ...(await createSigningKey()), kid: key.kid })
  }
}
