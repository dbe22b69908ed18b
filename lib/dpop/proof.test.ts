import { createHmac, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createDpopKey } from '../../dev/worlds/dpop.ts'
import { createMemoryStore } from '../store/memory.ts'
import { proofAlgorithms } from './algorithms.ts'
import { digestOf, normalizedUri, ProofRefused, readProof } from './proof.ts'
import { createSpendProof } from './spend.ts'

const url = 'https://docs.example/mcp'
const now = 1_795_000_000_000
const seconds = now / 1000
const accessToken = 'header.payload.signature'
const key = await createDpopKey()
const [otherCurve, stranger] = await Promise.all([createDpopKey('ES384'), createDpopKey()])
const request = { url, now, accessToken }

const read = (proof: string | null, more: object = {}) => readProof(proof, { method: 'POST', ...request, ...more })

/** Returns why a proof is refused, or `undefined` if it is good. */
function complaint(proof: string | null, more: object = {}): string | undefined {
  try {
    read(proof, more)
    return undefined
  } catch (error) {
    if (error instanceof ProofRefused) return error.message
    throw error
  }
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const claims = { jti: 'x', htm: 'POST', htu: url, iat: seconds }

describe('a DPoP proof [P-01 P-02]', () => {
  test.each(proofAlgorithms)('is good with a key for %s, whose thumbprint it names', async (alg) => {
    const other = await createDpopKey(alg)
    expect(read(await other.proof({ ...request, body: '{}' }))).toEqual({
      jkt: other.jkt,
      jti: expect.any(String),
      contentDigest: digestOf(Buffer.from('{}')),
      endsAt: seconds + 360,
    })
  })

  test.each([-300, -299, 0, 299, 300])('may be %d seconds from now', async (away) => {
    expect(complaint(await key.proof({ ...request, now: now + away * 1000 }))).toBeUndefined()
  })

  test.each<[string, Record<string, unknown>]>([
    ['of another method', { htm: 'GET' }],
    ['of another path', { htu: 'https://docs.example/mcp/callback' }],
    ['of another host', { htu: 'https://docs.example.evil.example/mcp' }],
    ['of another port', { htu: 'https://docs.example:8443/mcp' }],
    ['of http', { htu: 'http://docs.example/mcp' }],
    ['with a password before the host', { htu: 'https://x:y@docs.example/mcp' }],
    ['with a tab in the URL', { htu: 'https://docs.example/m\tcp' }],
    ['with a backslash in the URL', { htu: 'https://docs.example\\mcp' }],
    ['without a URL', { htu: undefined }],
    ['that is stale', { iat: seconds - 301 }],
    ['of the future', { iat: seconds + 301 }],
    ['with a time as text', { iat: `${seconds}` }],
    ['without a time', { iat: undefined }],
    ['that has expired by its own exp', { exp: seconds }],
    ['that is not valid yet by its own nbf', { nbf: seconds + 61 }],
    ['without a jti', { jti: undefined }],
    ['with an empty jti', { jti: '' }],
    ['with an endless jti', { jti: 'x'.repeat(257) }],
    ['of another access token', { ath: 'x'.repeat(43) }],
    ['of no access token', { ath: undefined }],
    ['with a digest that is no text', { content_digest: ['sha-256=:x:'] }],
  ])('%s is refused', async (_what, changed) => {
    expect(complaint(await key.proof(request, changed))).toEqual(expect.any(String))
  })

  test.each<[string, Record<string, unknown>]>([
    ['another typ', { typ: 'JWT' }],
    ['no typ', { typ: undefined }],
    ['an extension', { crit: ['b64'], b64: true }],
    ['no key', { jwk: undefined }],
    ['the private key', { jwk: key.privateJwk }],
    ['a symmetric key', { jwk: { kty: 'oct', k: 'c2VjcmV0' } }],
    ['a key that is named instead of given', { jwk: undefined, kid: 'key-1', jku: 'https://evil.example/jwks' }],
    ['a key for another algorithm by its own word', { jwk: { ...key.publicJwk, alg: 'ES384' } }],
    ['a key of another curve', { jwk: otherCurve.publicJwk }],
    ['a curve name that does not fit the point', { jwk: { ...key.publicJwk, crv: 'P-384' } }],
    ['a point that is not on the curve', { jwk: { ...key.publicJwk, y: key.publicJwk.x } }],
    ['another spelling of the point', { jwk: { ...key.publicJwk, x: `${key.publicJwk.x}=` } }],
    ['a key of another client', { jwk: stranger.publicJwk }],
  ])('with %s in its header is refused', async (_what, header) => {
    expect(complaint(await key.proof(request, {}, header))).toEqual(expect.any(String))
  })

  test('with a kid beside its key is judged by the key alone', async () => {
    expect(read(await key.proof(request, {}, { kid: '../../key-1', jku: 'https://evil.example' })).jkt).toBe(key.jkt)
  })

  test('without a signature, or signed by a secret, is refused', () => {
    for (const alg of ['none', 'HS256', 'RS384', 'es256', undefined]) {
      const input = `${encoded({ typ: 'dpop+jwt', alg, jwk: key.publicJwk })}.${encoded(claims)}`
      const hmac = createHmac('sha256', JSON.stringify(key.publicJwk)).update(input).digest('base64url')
      for (const signature of ['', hmac])
        expect(complaint(`${input}.${signature}`, { accessToken: undefined })).toMatch(/alg/)
    }
  })

  test('with an RSA key that is too small, or whose exponent is not the usual one, is refused', async () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
    const usual = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
    const input = `.${encoded({ ...claims, ath: undefined })}.AAAA`
    for (const jwk of [small, { ...usual, e: 'Aw' }, { ...usual, n: 'A'.repeat(700) }]) {
      expect(complaint(encoded({ typ: 'dpop+jwt', alg: 'RS256', jwk }) + input, { accessToken: undefined })).toMatch(
        /jwk/,
      )
    }
  })

  test('is one: two, none and a huge one are refused', async () => {
    const [one, two] = [await key.proof(request), await key.proof(request)]
    const repeated = new Headers([
      ['dpop', one],
      ['dpop', two],
    ])
    for (const header of [null, '', repeated.get('dpop'), `${one} ${two}`, `${one}.x`, 'a.b', 'x'.repeat(100_000)]) {
      expect(complaint(header)).toEqual(expect.any(String))
    }
    expect(complaint(await key.proof(request, { more: 'x'.repeat(4096) }))).toMatch(/long/)
  })

  test('with one changed character is refused', async () => {
    const proof = await key.proof(request)
    fc.assert(
      fc.property(fc.nat(proof.length - 1), fc.constantFrom(...'Aaz09-_.'), (at, character) => {
        fc.pre(proof[at] !== character)
        expect(complaint(proof.slice(0, at) + character + proof.slice(at + 1))).toEqual(expect.any(String))
      }),
      { numRuns: 300 },
    )
  })
})

test.each([
  ['https://docs.example/mcp', 'HTTPS://DOCS.example:443/mcp?x=1#y'],
  ['https://docs.example/mcp', 'https://docs.example/a/../m%63p'],
  ['https://docs.example/a%2Fb', 'https://docs.example/a%2fb'],
])('URLs are compared after normalization: %s is %s [P-02]', (one, other) => {
  expect(normalizedUri(one)).toBe(normalizedUri(other))
  expect(normalizedUri(one)).toBe(one)
})

test('of parallel requests with one proof, one spends it, and keys do not share their ids', async () => {
  const spend = createSpendProof(createMemoryStore())
  const { signal } = new AbortController()
  const proof = read(await key.proof(request))
  const won = await Promise.all(Array.from({ length: 20 }, () => spend(proof, signal)))
  expect(won.filter(Boolean)).toEqual([true])
  expect(await spend({ ...proof, jkt: 'another' }, signal)).toBe(true)
})
