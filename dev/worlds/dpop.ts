import { createHash, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

/** The key of a client that uses DPoP (RFC 9449). */
export interface DpopKey {
  /** The thumbprint of the key. */
  readonly jkt: string
  readonly publicJwk: JWK
  readonly privateJwk: JWK
  /** Makes a proof for a request. `claims` and `header` replace or, with `undefined`, remove members. */
  proof(request: ProofOf, claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
}

export interface ProofOf {
  readonly url: string
  /** Default POST. */
  readonly method?: string
  readonly accessToken?: string | undefined
  /** The body that the proof covers. */
  readonly body?: string
  /** Milliseconds since the epoch; default: now. */
  readonly now?: number
}

/** Makes a key pair of a client. */
export async function createDpopKey(alg = 'ES256'): Promise<DpopKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const publicJwk = await exportJWK(publicKey)
  return {
    publicJwk,
    privateJwk: await exportJWK(privateKey),
    jkt: await calculateJwkThumbprint(publicJwk),
    proof({ url, method = 'POST', accessToken, body, now = Date.now() }, claims = {}, header = {}) {
      return new SignJWT({
        jti: randomUUID(),
        htm: method,
        htu: url,
        iat: Math.floor(now / 1000),
        ...(accessToken !== undefined && { ath: digest(accessToken, 'base64url') }),
        ...(body !== undefined && { content_digest: `sha-256=:${digest(body, 'base64')}:` }),
        ...claims,
      })
        .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk: publicJwk, ...header })
        .sign(privateKey)
    },
  }
}

const digest = (text: string, encoding: 'base64' | 'base64url') => createHash('sha256').update(text).digest(encoding)
