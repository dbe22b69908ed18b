import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { JWK } from 'jose'

/** A signature algorithm of JWTs (RFC 7518 §3): which published keys are for it, and how it verifies. */
export interface Algorithm {
  /** The values of `alg` in a published key that name it. A key without `alg` is for every algorithm of its type. */
  readonly names: readonly string[]
  /** Whether a published key is of its type. */
  readonly fits: (jwk: JWK) => boolean
  /** Makes the key. Throws for a key that is malformed or too weak. */
  readonly importKey: (jwk: JWK) => KeyObject
  readonly verify: (signed: Buffer, key: KeyObject, signature: Buffer) => boolean
}

/** Bits (RFC 7518 §3.3). */
const shortestKey = 2048

export const rs256: Algorithm = {
  names: ['RS256'],
  fits: ({ kty }) => kty === 'RSA',
  importKey({ n = '', e = '', kid }) {
    const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' })
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < shortestKey) throw new TypeError(`key ${kid} is too short`)
    return key
  },
  verify: (signed, key, signature) => verify('sha256', signed, key, signature),
}
