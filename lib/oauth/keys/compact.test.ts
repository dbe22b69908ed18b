import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  deterministicEnvelope,
  encryptedEnvelope,
  signByLoad,
  signedEnvelope,
  signInThreadPool,
  signOnMainThread,
  UnknownKey,
} from './compact.ts'
import type { DerivedKey } from './secrets.ts'

const key = { kid: 'k1', bytes: new Uint8Array(randomBytes(32)) }
const older = { kid: 'k0', bytes: new Uint8Array(randomBytes(32)) }
const ivKeys = [key, older].map(({ kid }) => ({ kid, bytes: new Uint8Array(randomBytes(32)) }))
const deterministic = (typ: string, keys: readonly DerivedKey[]) => deterministicEnvelope(typ, keys, ivKeys)
const text = JSON.stringify({ e: 'reader@example.com', n: 'Zoë 🐼' })
const bytes = new TextEncoder().encode(text)

describe('sealed values are standard JOSE', () => {
  test('jose verifies a signed value, and a value that jose signed opens', async () => {
    const envelope = signedEnvelope('refresh', [key])
    const verified = await compactVerify(envelope.seal(text), key.bytes, { algorithms: ['HS256'] })
    expect(new TextDecoder().decode(verified.payload)).toBe(text)
    expect(verified.protectedHeader).toEqual({ alg: 'HS256', typ: 'refresh', kid: 'k1' })
    const theirs = await new CompactSign(bytes)
      .setProtectedHeader({ alg: 'HS256', typ: 'refresh', kid: 'k1' })
      .sign(key.bytes)
    expect(envelope.open(theirs)).toEqual({ plaintext: Buffer.from(text), kid: 'k1' })
    expect(envelope.seal(text)).toBe(theirs)
  })

  test.each([
    ['at random', encryptedEnvelope],
    ['deterministically', deterministic],
  ])('jose decrypts a value encrypted %s, and a value that jose encrypted opens', async (_how, make) => {
    const envelope = make('code', [key])
    const { plaintext } = await compactDecrypt(envelope.seal(text), key.bytes)
    expect(new TextDecoder().decode(plaintext)).toBe(text)
    const theirs = await new CompactEncrypt(bytes)
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: 'code', kid: 'k1' })
      .encrypt(key.bytes)
    expect(envelope.open(theirs)).toEqual({ plaintext: Buffer.from(text), kid: 'k1' })
  })
})

describe.each([
  ['signed', signedEnvelope],
  ['encrypted', encryptedEnvelope],
  ['deterministically encrypted', deterministic],
])('%s values', (_name, make) => {
  const envelope = make('code', [key, older])

  test('open up to 8,192 characters, and not above', () => {
    const value = (bytes: number) => envelope.seal(Buffer.alloc(bytes, 'a'))
    let bytes = 6000
    while (value(bytes + 1).length <= 8192) bytes += 1
    expect(envelope.open(value(bytes))?.plaintext).toHaveLength(bytes)
    expect(envelope.open(value(bytes + 1))).toBeNull()
  })

  test('open under every key of the ring, and say which key it was [O-09]', () => {
    expect(envelope.open(envelope.seal(text, 'k0'))).toEqual({ plaintext: Buffer.from(text), kid: 'k0' })
    expect(make('code', [older]).open(envelope.seal(text))).toBeNull()
    expect(() => envelope.seal(text, 'k9')).toThrow(UnknownKey)
  })

  test('do not open for another purpose, even under the same key [T-28 A13]', () => {
    expect(make('cookie', [key]).open(envelope.seal(text))).toBeNull()
  })

  test('do not open after one character is changed, removed or added [T-22 A4]', () => {
    const value = envelope.seal(text)
    for (let i = 0; i < value.length; i++) {
      const other = value[i] === 'A' ? 'B' : 'A'
      expect(envelope.open(value.slice(0, i) + other + value.slice(i + 1)), `changed at ${i}`).toBeNull()
      expect(envelope.open(value.slice(0, i) + value.slice(i + 1)), `removed at ${i}`).toBeNull()
      expect(envelope.open(`${value.slice(0, i)}A${value.slice(i)}`), `added at ${i}`).toBeNull()
    }
  })

  test.each(['', '.', '..', '....', 'a.b.c', 'a.b.c.d.e', 'x'.repeat(100_000), '\u0000.\u0000.\u0000'])(
    'do not open if they are junk: %#',
    (junk) => expect(envelope.open(junk)).toBeNull(),
  )

  test('with the header alg=none do not open [T-28 A14]', () => {
    const [, ...rest] = envelope.seal(text).split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'code', kid: 'k1' })).toString('base64url')
    expect(envelope.open([header, ...rest].join('.'))).toBeNull()
  })
})

describe('deterministically encrypted values', () => {
  const envelope = deterministic('code', [key, older])
  const ivOf = (value: string) => value.split('.')[2]

  test('are equal only for the same plaintext, purpose and key [T-21 N25]', () => {
    expect(envelope.seal(text)).toBe(envelope.seal(text))
    const values = [
      envelope.seal(text),
      envelope.seal(`${text} `),
      envelope.seal(text, 'k0'),
      deterministic('cookie', [key]).seal(text),
      deterministicEnvelope('code', [key], [{ kid: 'k1', bytes: new Uint8Array(randomBytes(32)) }]).seal(text),
    ]
    expect(new Set(values.map(ivOf)).size).toBe(values.length)
    expect(encryptedEnvelope('code', [key]).seal(text)).not.toBe(encryptedEnvelope('code', [key]).seal(text))
  })

  test('open with a random IV under the same key, and the other way round', () => {
    const random = encryptedEnvelope('code', [key])
    expect(envelope.open(random.seal(text))).toEqual({ plaintext: Buffer.from(text), kid: 'k1' })
    expect(random.open(envelope.seal(text))).toEqual({ plaintext: Buffer.from(text), kid: 'k1' })
  })

  test('have a different IV for each of 20,000 plaintexts', () => {
    const ivs = Array.from({ length: 20_000 }, (_, n) => ivOf(envelope.seal(String(n))))
    expect(new Set(ivs).size).toBe(ivs.length)
  })
})

describe('an RS256 JWT', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const claims = { sub: 'reader', name: 'Zoë 🐼' }

  test('is the same from the main thread and from the thread pool, and jose verifies it', async () => {
    const jwt = signOnMainThread({ typ: 'at+jwt', kid: 'k1' }, claims, privateKey)
    expect(await signInThreadPool({ typ: 'at+jwt', kid: 'k1' }, claims, privateKey)).toBe(jwt)
    const { payload, protectedHeader } = await jwtVerify(jwt, publicKey)
    expect(payload).toEqual(claims)
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: 'k1' })
  })

  test('is signed in the thread pool only for several requests at once on several cores', () => {
    expect(signByLoad(false)).toBe(signOnMainThread)
    expect(signByLoad(true)).toBe(availableParallelism() > 1 ? signInThreadPool : signOnMainThread)
  })

  test('that the thread pool cannot sign is an error', async () => {
    await expect(signInThreadPool({ typ: 'at+jwt', kid: 'k1' }, claims, publicKey)).rejects.toThrow()
  })
})
