import { createPublicKey, verify } from 'node:crypto'
import { decodeBase64url } from '../../base/base64url.ts'
import { isObject, jsonOf, utf8 } from '../../base/json.ts'
import type { AssertionAlgorithm, ClientKey } from '../clients/client-keys.ts'
import { assertionRefused } from './refusal.ts'

/** An assertion that has been read and not verified yet. */
export interface SignedJwt {
  readonly alg: AssertionAlgorithm
  readonly typ: string | undefined
  readonly kid: string | undefined
  readonly claims: Readonly<Record<string, unknown>>
  /** Whether this key signed it. */
  isSignedBy(key: ClientKey): boolean
}

/** Characters. An assertion with many groups is about 4 KB. */
const longest = 8_192
const longestKid = 512

/** The algorithms of assertions. Never `none`, and never a symmetric one: an attacker could sign with a public key (E-01). */
const algorithms: readonly AssertionAlgorithm[] = ['RS256', 'ES256']

/**
 * Reads an assertion in the compact form (RFC 7515 §7.1). `jku`, `x5u`, `jwk` and `x5c` of the header are never read: only the issuer
 * decides which keys count. Throws `OAuthError`.
 */
export function readSignedJwt(assertion: string): SignedJwt {
  if (assertion.length > longest) throw assertionRefused('assertion-too-long')
  const [first = '', second = '', third = '', ...more] = assertion.split('.')
  const header = objectIn(first)
  const claims = objectIn(second)
  const signature = decodeBase64url(third)
  if (!header || !claims || !signature || more.length > 0) throw assertionRefused('assertion-malformed')
  const { typ, kid } = header
  const alg = algorithms.find((name) => name === header.alg)
  if (alg === undefined) throw assertionRefused('assertion-algorithm')
  // RFC 7515 §4.1.11: this code understands no extension, so a header that demands one is refused.
  const isUnusable = 'crit' in header || 'b64' in header || !isTextOrAbsent(typ) || !isTextOrAbsent(kid)
  if (isUnusable || (kid?.length ?? 0) > longestKid) throw assertionRefused('assertion-malformed')
  const signed = Buffer.from(`${first}.${second}`)
  return {
    alg,
    typ: typ?.toLowerCase().replace(/^application\//, ''),
    kid,
    claims,
    isSignedBy(key) {
      try {
        const publicKey = createPublicKey({ key, format: 'jwk' })
        return verify('sha256', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)
      } catch {
        // The key is not usable. Another one may fit.
        return false
      }
    },
  }
}

const isTextOrAbsent = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string'

function objectIn(part: string): Readonly<Record<string, unknown>> | null {
  const text = utf8(decodeBase64url(part) ?? Buffer.from([0xff]))
  const value = text === null ? undefined : jsonOf(text)
  return isObject(value) ? value : null
}
