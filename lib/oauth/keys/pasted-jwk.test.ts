import { generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { exportJWK, generateKeyPair, importJWK, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { signOnMainThread } from './compact.ts'
import { readPastedJwk } from './pasted-jwk.ts'
import { pinnedSigningKey } from './signing-keys.ts'

const rsa = (modulusLength: number): JsonWebKey =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'jwk' })
const [one, other] = [rsa(2048), rsa(2048)]
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
const byJose = await exportJWK((await generateKeyPair('RS256', { extractable: true })).privateKey)
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
const { p, q, dp, dq, qi, ...bare } = one
const { d: _, ...publicHalf } = bare
const number = (member = '') => BigInt(`0x${Buffer.from(member, 'base64url').toString('hex')}`)
const longD = number(one.d) + 2n * (number(p) - 1n) * (number(q) - 1n)

const notSuchAKey = /^must be a private RSA JWK of 2048 bits or more/
const twoKeys = /do not fit together$/
const notForSigning = /^must be for signing/

describe('a signing key that the operator pasted', () => {
  test.each<[string, object]>([
    ['as node:crypto writes it', one],
    ['as jose writes it', byJose],
    ['of 3072 bits', rsa(3072)],
    ['that names itself', { ...one, kid: 'key-1' }],
    ['that states its use', { ...one, alg: 'RS256', use: 'sig', key_ops: ['sign'] }],
    ['for more than signing', { ...one, key_ops: ['sign', 'verify'] }],
    ['with unknown members', { ...one, ext: true, x5t: 'x', iat: 1 }],
    ['with its primes the other way round', { ...one, ...swapped() }],
  ])('%s is accepted, and the published key verifies its tokens [O-09]', async (_what, jwk) => {
    const read = readPastedJwk(jwk)
    if (typeof read === 'string') throw new Error(read)
    const { signingKeys, publicKeys } = pinnedSigningKey({ ...read })
    const { signal } = new AbortController()
    const signer = await signingKeys.signer(signal)
    const token = signOnMainThread({ typ: 'at+jwt', kid: signer.kid }, { sub: 'x' }, signer.privateKey)
    const [published] = (await publicKeys(signal)).keys
    if (!published) throw new Error('nothing is published')
    expect((await jwtVerify(token, await importJWK(published, 'RS256'))).payload.sub).toBe('x')
  })

  test.each<[string, unknown, RegExp]>([
    ['n of another key', { ...one, n: other.n }, twoKeys],
    ['e that is another', { ...one, e: 'Aw' }, twoKeys],
    ['e of 1', { ...one, e: 'AQ' }, twoKeys],
    ['d of another key, which node:crypto does not notice', { ...one, d: other.d }, twoKeys],
    ['p of another key, likewise', { ...one, p: other.p }, twoKeys],
    ['q of another key, likewise', { ...one, q: other.q }, twoKeys],
    ['both primes of another key', { ...one, p: other.p, q: other.q }, twoKeys],
    ['dp of another key', { ...one, dp: other.dp }, twoKeys],
    ['dq of another key', { ...one, dq: other.dq }, twoKeys],
    ['qi of another key', { ...one, qi: other.qi }, twoKeys],
    [
      'qi larger than its prime, which some libraries accept as the same',
      { ...one, qi: text(number(qi) + number(p)) },
      twoKeys,
    ],
    ['d larger than n, which some libraries accept as the same', { ...one, d: text(longD) }, twoKeys],
    ['only the primes swapped', { ...one, p: one.q, q: one.p }, twoKeys],
    ['the public half of another key', { ...one, n: other.n, e: other.e }, twoKeys],
    ['the private half of another key', { ...other, n: one.n, e: one.e }, twoKeys],
    ['a character of n changed', { ...one, n: changed(one.n) }, twoKeys],
    ['a character of d changed', { ...one, d: changed(one.d) }, twoKeys],
    ['no primes', bare, notSuchAKey],
    ['the public half alone', publicHalf, notSuchAKey],
    ['one prime', { ...bare, p, dp, dq, qi }, notSuchAKey],
    ['a key that is too small', rsa(1024), notSuchAKey],
    ['an EC key', curve, notSuchAKey],
    ['an Ed25519 key', generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }), notSuchAKey],
    ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0' }, notSuchAKey],
    ['an RSA key with kty EC', { ...one, kty: 'EC' }, notSuchAKey],
    ['n with padding, as no JWK has it', { ...one, n: `${one.n}=` }, notSuchAKey],
    ['d as a number', { ...one, d: 5 }, notSuchAKey],
    ['more than two primes', { ...one, oth: [{ r: one.p, d: one.dp, t: one.qi }] }, notSuchAKey],
    ['a kid that is a number', { ...one, kid: 1 }, notSuchAKey],
    ['an empty kid', { ...one, kid: '' }, notSuchAKey],
    ['a set of keys', { keys: [one] }, notSuchAKey],
    ['a list', [one], notSuchAKey],
    ['null', null, notSuchAKey],
    ['undefined', undefined, notSuchAKey],
    ['alg of another algorithm', { ...one, alg: 'RS512' }, notForSigning],
    ['alg of PSS', { ...one, alg: 'PS256' }, notForSigning],
    ['alg of encryption', { ...one, alg: 'RSA-OAEP-256' }, notForSigning],
    ['use of encryption', { ...one, use: 'enc' }, notForSigning],
    ['key_ops of verifying alone', { ...one, key_ops: ['verify'] }, notForSigning],
    ['key_ops of decrypting', { ...one, key_ops: ['decrypt', 'unwrapKey'] }, notForSigning],
    ['key_ops of nothing', { ...one, key_ops: [] }, notForSigning],
    ['key_ops as a word', { ...one, key_ops: 'sign' }, notForSigning],
  ])('with %s is refused, and the message repeats no part of it', (_what, jwk, complaint) => {
    const read = readPastedJwk(jwk)
    expect(read).toMatch(complaint)
    for (const member of [one.d, one.n, other.d]) expect(read).not.toContain(member?.slice(0, 20))
  })

  test('for PSS only cannot be exported as a JWK', () => {
    expect(() => pss.privateKey.export({ format: 'jwk' })).toThrow()
  })
})

/** Returns the same key with its primes exchanged, and the members that follow from them. It is just as valid. */
function swapped(): JsonWebKey {
  const [first, second] = [number(q), number(p)]
  return { ...one, p: q ?? '', q: p ?? '', dp: dq ?? '', dq: dp ?? '', qi: text(power(second, first - 2n, first)) }
}

function text(value: bigint): string {
  const digits = value.toString(16)
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex').toString('base64url')
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (let square = base % modulus, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % modulus) {
    if (rest & 1n) result = (result * square) % modulus
  }
  return result
}

const changed = (text = '') => text.slice(0, 40) + (text[40] === 'A' ? 'B' : 'A') + text.slice(41)
