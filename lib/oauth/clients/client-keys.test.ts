import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { fittingKeys, keySourceOf, parseKeySet } from './client-keys.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const publicRsa = rsa.publicKey.export({ format: 'jwk' })
const publicCurve = curve.publicKey.export({ format: 'jwk' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })
const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
const edwards = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })

describe('a key set', () => {
  test('keeps only the members that verify a signature [T-09]', () => {
    const nothing = { use: null, alg: '', key_ops: [], x5c: [], x5t: null }
    expect(parseKeySet({ keys: [{ ...publicRsa, ...nothing }] })).toEqual([publicRsa])
    const more = { kid: 'a', use: 'sig', alg: 'RS256', x5c: ['MII'], key_ops: ['verify'] }
    expect(parseKeySet({ keys: [{ ...publicRsa, ...more }, publicCurve] })).toEqual([
      { ...publicRsa, kid: 'a' },
      publicCurve,
    ])
  })

  test.each([
    ['for encryption', { ...publicRsa, use: 'enc' }],
    ['for another operation', { ...publicRsa, key_ops: ['encrypt'] }],
    ['for another algorithm', { ...publicRsa, alg: 'RSA-OAEP' }],
    ['for an algorithm that is not offered', { ...publicRsa, alg: 'PS256' }],
    ['that is too small', small],
    ['on another curve', p384],
    ['of another kind', edwards],
    ['that is not an object', 'key'],
  ])('leaves out a key %s', (_what, key) => {
    expect(parseKeySet({ keys: [key, publicCurve] })).toEqual([publicCurve])
    expect(keySourceOf({ jwks: { keys: [key] } })).toHaveProperty('complaint')
  })

  test.each<[string, object]>([
    ['a private RSA key', rsa.privateKey.export({ format: 'jwk' })],
    ['a private EC key', curve.privateKey.export({ format: 'jwk' })],
    ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0' }],
    ['a private ML-DSA key', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'cHVi', priv: 'c2VjcmV0' }],
    ...['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv'].map((name): [string, object] => [
      `a key that has ${name}`,
      { ...publicRsa, [name]: 'c2VjcmV0' },
    ]),
  ])('is refused with %s in it [M-08]', (_what, key) => {
    expect(parseKeySet({ keys: [publicRsa, key] })).toBe('secret')
    expect(keySourceOf({ jwks: { keys: [publicRsa, key] } })).toHaveProperty('complaint')
  })

  test.each([[null], [[]], [{}], [{ keys: publicRsa }], ['{"keys":[]}']])('%j is not a key set', (input) => {
    expect(parseKeySet(input)).toBe('malformed')
  })

  test('returns the named key; without a name a few possible keys', () => {
    const keys = parseKeySet({ keys: [{ ...publicRsa, kid: 'a' }, { ...publicRsa, kid: 'b' }, publicCurve] })
    if (typeof keys === 'string') throw new Error(keys)
    expect(fittingKeys(keys, { alg: 'RS256', kid: 'b' })).toEqual([{ ...publicRsa, kid: 'b' }])
    expect(fittingKeys(keys, { alg: 'ES256', kid: 'b' })).toEqual([])
    expect(fittingKeys(keys, { alg: 'RS256', kid: 'c' })).toEqual([])
    expect(fittingKeys(keys, { alg: 'RS256' })).toHaveLength(2)
    expect(fittingKeys(Array(50).fill(keys[0]), { alg: 'RS256' })).toHaveLength(4)
  })
})

describe('the place of the keys', () => {
  test('may be an https URL', () => {
    expect(keySourceOf({ jwks_uri: 'https://client.example/jwks.json' })).toEqual({
      uri: 'https://client.example/jwks.json',
    })
    expect(keySourceOf({})).toBeUndefined()
  })

  test.each([
    'http://client.example/jwks.json',
    'https://user@client.example/jwks.json',
    'https://client.example/a/../jwks.json',
    'https://client.example/jwks.json#',
    'https://CLIENT.example/jwks.json',
    `https://client.example/${'x'.repeat(500)}`,
    'data:application/json,{}',
    7,
  ])('cannot be %s', (uri) => expect(keySourceOf({ jwks_uri: uri })).toHaveProperty('complaint'))

  test('cannot be two places (RFC 7591 §2)', () => {
    expect(keySourceOf({ jwks: { keys: [publicRsa] }, jwks_uri: 'https://client.example/jwks.json' })).toHaveProperty(
      'complaint',
    )
  })
})
