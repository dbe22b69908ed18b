import { createHmac, createPublicKey, createSecretKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto'
import { type Algorithm, rs256 } from '../algorithms.ts'
import type { JwtValidation } from './options.ts'

const es256: Algorithm = {
  names: ['ES256'],
  fits: ({ kty, crv }) => kty === 'EC' && crv === 'P-256',
  importKey: ({ x = '', y = '' }) => createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' }),
  verify: (signed, key, signature) => verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature),
}

/** Ed25519 only, under its old name and its new one (RFC 9864). */
const edDsa: Algorithm = {
  names: ['EdDSA', 'Ed25519'],
  fits: ({ kty, crv }) => kty === 'OKP' && crv === 'Ed25519',
  importKey: ({ x = '' }) => createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }),
  verify: (signed, key, signature) => verify(null, signed, key, signature),
}

/** Its key is a secret. No published key fits. */
const hs256: Algorithm = {
  names: ['HS256'],
  fits: () => false,
  importKey: () => {
    throw new TypeError('a published key is no secret')
  },
  verify(signed, key, signature) {
    const expected = createHmac('sha256', key).update(signed).digest()
    return signature.length === expected.length && timingSafeEqual(signature, expected)
  },
}

const byName = { RS256: rs256, ES256: es256, EdDSA: edDsa } as const

/** The algorithms that tokens of an authorization server may have, by the value of `alg`. */
export function algorithmsOf({
  secret,
  algorithms = ['RS256', 'ES256', 'EdDSA'],
}: JwtValidation): ReadonlyMap<unknown, Algorithm> {
  if (secret !== undefined) return new Map([['HS256', hs256]])
  return new Map(
    algorithms.flatMap((name) => {
      const algorithm = name === 'HS256' ? hs256 : byName[name]
      return algorithm.names.map((each): [string, Algorithm] => [each, algorithm])
    }),
  )
}

export const secretKey = (secret: string): KeyObject => createSecretKey(secret, 'utf8')
