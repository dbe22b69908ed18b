import { randomBytes } from 'node:crypto'
import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { encryptedEnvelope, signedEnvelope, UnknownKey } from './compact.ts'

const key = { kid: 'k1', bytes: new Uint8Array(randomBytes(32)) }
const older = { kid: 'k0', bytes: new Uint8Array(randomBytes(32)) }
const text = JSON.stringify({ e: 'reader@example.com', n: 'Zoë 🐼' })
const bytes = new TextEncoder().encode(text)

describe('sealed values are standard JOSE', () => {
  test('jose verifies what we sign, and we open what jose signs', async () => {
    const envelope = signedEnvelope('refresh', [key])
    const verified = await compactVerify(envelope.seal(text), key.bytes, { algorithms: ['HS256'] })
    expect(new TextDecoder().decode(verified.payload)).toBe(text)
    expect(verified.protectedHeader).toEqual({ alg: 'HS256', typ: 'refresh', kid: 'k1' })
    const theirs = await new CompactSign(bytes)
      .setProtectedHeader({ alg: 'HS256', typ: 'refresh', kid: 'k1' })
      .sign(key.bytes)
    expect(envelope.open(theirs)).toEqual({ plaintext: text, kid: 'k1' })
    expect(envelope.seal(text)).toBe(theirs)
  })

  test('jose decrypts what we encrypt, and we open what jose encrypts', async () => {
    const envelope = encryptedEnvelope('code', [key])
    const { plaintext } = await compactDecrypt(envelope.seal(text), key.bytes)
    expect(new TextDecoder().decode(plaintext)).toBe(text)
    const theirs = await new CompactEncrypt(bytes)
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: 'code', kid: 'k1' })
      .encrypt(key.bytes)
    expect(envelope.open(theirs)).toEqual({ plaintext: text, kid: 'k1' })
  })
})

describe.each([
  ['signed', signedEnvelope],
  ['encrypted', encryptedEnvelope],
])('%s values', (_name, make) => {
  const envelope = make('code', [key, older])

  test('open under every key of the ring, and say which [O-09]', () => {
    expect(envelope.open(envelope.seal(text, 'k0'))).toEqual({ plaintext: text, kid: 'k0' })
    expect(make('code', [older]).open(envelope.seal(text))).toBeNull()
    expect(() => envelope.seal(text, 'k9')).toThrow(UnknownKey)
  })

  test('do not open for another purpose, even under the same key [T-28 A13]', () => {
    expect(make('cookie', [key]).open(envelope.seal(text))).toBeNull()
  })

  test('do not open when any one character is changed, removed or added [T-22 A4]', () => {
    const value = envelope.seal(text)
    for (let i = 0; i < value.length; i++) {
      const other = value[i] === 'A' ? 'B' : 'A'
      expect(envelope.open(value.slice(0, i) + other + value.slice(i + 1)), `changed at ${i}`).toBeNull()
      expect(envelope.open(value.slice(0, i) + value.slice(i + 1)), `removed at ${i}`).toBeNull()
      expect(envelope.open(`${value.slice(0, i)}A${value.slice(i)}`), `added at ${i}`).toBeNull()
    }
  })

  test.each(['', '.', '..', '....', 'a.b.c', 'a.b.c.d.e', 'x'.repeat(100_000), '\u0000.\u0000.\u0000'])(
    'junk does not open: %#',
    (junk) => expect(envelope.open(junk)).toBeNull(),
  )

  test('a header that asks for no algorithm does not open [T-28 A14]', () => {
    const [, ...rest] = envelope.seal(text).split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'code', kid: 'k1' })).toString('base64url')
    expect(envelope.open([header, ...rest].join('.'))).toBeNull()
  })
})
