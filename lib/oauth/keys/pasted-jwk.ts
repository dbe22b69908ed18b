import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import * as v from 'valibot'

/** A number in the form of RFC 7518 §6.3: base64url without padding, with one spelling for each number. */
const Base64urlUInt = v.pipe(
  v.string(),
  v.regex(/^[\w-]+$/),
  v.check((text) => Buffer.from(text, 'base64url').toString('base64url') === text),
)

/** RFC 7518 §6.3.2, with all members that make signing fast, which node:crypto requires. */
const PrivateRsaJwk = v.looseObject({
  kty: v.literal('RSA'),
  n: Base64urlUInt,
  e: Base64urlUInt,
  d: Base64urlUInt,
  p: Base64urlUInt,
  q: Base64urlUInt,
  dp: Base64urlUInt,
  dq: Base64urlUInt,
  qi: Base64urlUInt,
  oth: v.exactOptional(v.never()),
  kid: v.exactOptional(v.pipe(v.string(), v.regex(/^[\x21-\x7E]{1,128}$/))),
})
export type PrivateRsaJwk = v.InferOutput<typeof PrivateRsaJwk>

/** The purpose of a key (RFC 7517 §4.2 to §4.4). Without these members a key may serve any purpose. */
const ForSigning = v.looseObject({
  alg: v.optional(v.literal('RS256')),
  use: v.optional(v.literal('sig')),
  key_ops: v.optional(
    v.pipe(
      v.array(v.string()),
      v.check((operations) => operations.includes('sign')),
    ),
  ),
})

const SHORTEST = 2048

/**
 * Reads a JWK that the operator pasted as the signing key. Signs with it and verifies the signature, which takes two RSA
 * operations. Returns a sentence about the first problem, which repeats no part of the key.
 */
export function readPastedJwk(input: unknown): PrivateRsaJwk | string {
  const parsed = v.safeParse(PrivateRsaJwk, input)
  if (!parsed.success) return notSuchAKey
  const jwk = parsed.output
  if (!v.is(ForSigning, jwk)) return 'must be for signing: alg RS256, use sig and key_ops with sign, or without them'
  const { n, e } = jwk
  if (numberIn(n).toString(2).length < SHORTEST) return notSuchAKey
  return fitsTogether(jwk) && signsFor({ kty: 'RSA', n, e }, jwk)
    ? jwk
    : 'is of two keys: its members do not fit together'
}

const notSuchAKey = `must be a private RSA JWK of ${SHORTEST} bits or more, with a kid of 1 to 128 characters or none`

/**
 * Whether the members belong to one key (RFC 8017 §3.2). Signing and verifying does not prove that: node:crypto computes with
 * some of the members, and falls back on others if those are wrong.
 */
function fitsTogether(jwk: PrivateRsaJwk): boolean {
  const [n, e, d] = [numberIn(jwk.n), numberIn(jwk.e), numberIn(jwk.d)]
  const [p, q] = [numberIn(jwk.p), numberIn(jwk.q)]
  const [dp, dq, qi] = [numberIn(jwk.dp), numberIn(jwk.dq), numberIn(jwk.qi)]
  if (p < 3n || q < 3n || e < 3n || d >= n || p * q !== n) return false
  return (
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    dp === d % (p - 1n) &&
    dq === d % (q - 1n) &&
    qi < p &&
    (qi * q) % p === 1n
  )
}

function signsFor(publicJwk: { kty: string; n: string; e: string }, jwk: PrivateRsaJwk): boolean {
  const text = Buffer.from('a text that is signed to see whether the key is whole')
  try {
    const signature = sign('sha256', text, createPrivateKey({ key: jwk, format: 'jwk' }))
    return verify('sha256', text, createPublicKey({ key: publicJwk, format: 'jwk' }), signature)
  } catch {
    return false
  }
}

const numberIn = (text: string): bigint => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`)
