import { constants, createPublicKey, type VerifyKeyObjectInput, verify } from 'node:crypto'
import { decodeBase64url } from '../base/base64url.ts'
import { isObject } from '../base/json.ts'
import { sha256 } from '../base/sha256.ts'
import type { ProofAlgorithm } from './algorithms.ts'

/** The public key in a proof. */
export interface ProofKey {
  /** The thumbprint of the key (RFC 7638), which `cnf.jkt` holds (RFC 9449 §6). */
  readonly jkt: string
  /** Whether the key made a signature of a text, with the algorithm that it was read for. */
  isSignerOf(text: string, signature: Buffer): boolean
}

/** How an algorithm signs, and the members of its keys: their name, and how many bytes each has (RFC 7518 §6, RFC 8037 §2). */
interface Form {
  readonly hash: string | null
  readonly options: Omit<VerifyKeyObjectInput, 'key'>
  readonly fixed: Readonly<Record<string, string>>
  readonly numbers: Readonly<Record<string, readonly [least: number, most: number]>>
}

const onCurve = (crv: string, bytes: number, hash: string): Form => ({
  hash,
  options: { dsaEncoding: 'ieee-p1363' },
  fixed: { kty: 'EC', crv },
  numbers: { x: [bytes, bytes], y: [bytes, bytes] },
})

const edwards: Form = { hash: null, options: {}, fixed: { kty: 'OKP', crv: 'Ed25519' }, numbers: { x: [32, 32] } }

/** 2048 to 4096 bits. A larger key only costs time. The exponent is the usual one: a large one costs time, too. */
const rsa = (options: Form['options']): Form => ({
  hash: 'sha256',
  options,
  fixed: { kty: 'RSA', e: 'AQAB' },
  numbers: { n: [256, 512] },
})

const forms: Readonly<Record<ProofAlgorithm, Form>> = {
  ES256: onCurve('P-256', 32, 'sha256'),
  ES384: onCurve('P-384', 48, 'sha384'),
  ES512: onCurve('P-521', 66, 'sha512'),
  EdDSA: edwards,
  Ed25519: edwards,
  RS256: rsa({}),
  PS256: rsa({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
}

/** A key with one of these members is private or symmetric (RFC 7518 §6, RFC 9964). */
const secretMembers = ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv']

/**
 * Reads the `jwk` of a proof for an algorithm. Returns `null` for a key of another type, curve or size, for a point that is not on
 * the curve, and for a key with a secret member. All other members are ignored, and no URL in them is ever fetched.
 */
export function readProofKey(jwk: unknown, algorithm: ProofAlgorithm): ProofKey | null {
  if (!isObject(jwk) || secretMembers.some((name) => name in jwk)) return null
  if (jwk.alg !== undefined && jwk.alg !== algorithm) return null
  const { hash, options, fixed, numbers } = forms[algorithm]
  if (Object.entries(fixed).some(([name, value]) => jwk[name] !== value)) return null
  const members: Record<string, string> = { ...fixed }
  for (const [name, [least, most]] of Object.entries(numbers)) {
    const text = jwk[name]
    const bytes = typeof text === 'string' ? decodeBase64url(text) : null
    if (typeof text !== 'string' || !bytes || bytes.length < least || bytes.length > most) return null
    // RFC 7518 §6.3: a number of RSA has no leading zeros, and this one has all its bits.
    if (name === 'n' && (bytes[0] ?? 0) < 128) return null
    members[name] = text
  }
  // RFC 7638 §3.2: the required members alone, in the order of their names.
  const sorted = Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)))
  try {
    const key = createPublicKey({ key: members, format: 'jwk' })
    return {
      jkt: sha256(JSON.stringify(sorted)),
      isSignerOf: (text, signature) => verify(hash, Buffer.from(text), { key, ...options }, signature),
    }
  } catch {
    return null
  }
}
