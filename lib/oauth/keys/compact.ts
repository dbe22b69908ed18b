import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
} from 'node:crypto'
import { availableParallelism } from 'node:os'
import { decodeBase64url } from '../../base/base64url.ts'
import type { DerivedKey } from './secrets.ts'

/**
 * Seals and opens values of one purpose, in the compact serialization of one JWS algorithm (HS256, RFC 7515) or one JWE algorithm
 * (dir with A256GCM, RFC 7516). Synchronous, on node:crypto. `jose` does the same through webcrypto with eight times the CPU
 * (65 µs instead of 8 µs for each value). compact.test.ts shows that `jose` opens these values, and the other way round. Each key
 * becomes a `KeyObject` once: importing the bytes for every value would cost more than the encryption.
 *
 * No header is ever parsed. A value opens only if its header is, byte for byte, the header that this code writes for this purpose
 * and one of these keys. So an attacker cannot choose an algorithm, a type or a key.
 */
export interface Envelope {
  /** Seals under the key that `kid` names, by default the first. Throws `UnknownKey` if there is no such key. */
  seal(plaintext: string | Uint8Array, kid?: string): string
  /** Returns the plaintext and the key that sealed it, or `null` for any other value. Never throws. */
  open(value: string): { readonly plaintext: Buffer; readonly kid: string } | null
}

/** A record names a sealing key that this instance lacks, for example during a rotation of the secret. */
export class UnknownKey extends Error {
  override readonly name = 'UnknownKey'
}

/** Characters. No legitimate value is longer. Checked before any cryptography. */
const maxLength = 8192

/** Makes an envelope that signs, for values whose holder may read them. `typ` is the purpose. The first key seals. */
export function signedEnvelope(typ: string, keys: readonly DerivedKey[]): Envelope {
  return envelope('HS256', typ, keys, {
    seal: (header, plaintext, key) => {
      const input = `${header}.${base64url(plaintext)}`
      return `${input}.${hmac(input, key).toString('base64url')}`
    },
    open: (parts, value, key) => {
      const [, payload = '', signature = ''] = parts
      if (parts.length !== 3) return null
      const expected = hmac(value.slice(0, value.length - signature.length - 1), key)
      const presented = decodeBase64url(signature)
      if (presented?.length !== expected.length || !timingSafeEqual(presented, expected)) return null
      return decodeBase64url(payload)
    },
  })
}

/** Makes an envelope that encrypts. `typ` is the purpose. The first key seals. */
export function encryptedEnvelope(typ: string, keys: readonly DerivedKey[]): Envelope {
  const randomIv = () => randomBytes(ivLength)
  return envelope('dir', typ, keys, a256gcm(randomIv))
}

/**
 * Makes an envelope that encrypts so that one plaintext under one key is always the same value. The IV is a keyed hash of header
 * and plaintext (a synthetic IV, as in RFC 5297). Two plaintexts share an IV as rarely as two random IVs are equal. An attacker
 * who sees two values learns only whether their plaintexts are equal. Values with a random IV under the same key open, too.
 *
 * @param ivKeys for each of `keys`, the key of the same secret that makes the IVs
 */
export function deterministicEnvelope(
  typ: string,
  keys: readonly DerivedKey[],
  ivKeys: readonly DerivedKey[],
): Envelope {
  const byKid = new Map(ivKeys.map(({ kid, bytes }) => [kid, createSecretKey(bytes)]))
  const syntheticIv = (header: string, plaintext: string | Uint8Array, kid: string) => {
    const key = byKid.get(kid)
    if (!key) throw new UnknownKey(`no IV key ${kid}`)
    return createHmac('sha256', key).update(header).update('.').update(plaintext).digest().subarray(0, ivLength)
  }
  return envelope('dir', typ, keys, a256gcm(syntheticIv))
}

/** Bytes (RFC 7518 §5.3). */
const ivLength = 12
const tagLength = 16

function a256gcm(newIv: (header: string, plaintext: string | Uint8Array, kid: string) => Uint8Array): Algorithm {
  return {
    seal: (header, plaintext, { kid, secret }) => {
      const iv = newIv(header, plaintext, kid)
      const cipher = createCipheriv('aes-256-gcm', secret, iv).setAAD(Buffer.from(header))
      const ciphertext = cipher.update(Buffer.from(plaintext))
      // GCM is a stream cipher: `final` returns no bytes, but makes the tag.
      cipher.final()
      return `${header}..${base64url(iv)}.${base64url(ciphertext)}.${base64url(cipher.getAuthTag())}`
    },
    open: (parts, _value, { secret }) => {
      const [header = '', wrappedKey] = parts
      const [iv, ciphertext, tag] = parts.slice(2).map(decodeBase64url)
      if (parts.length !== 5 || wrappedKey !== '' || !ciphertext) return null
      if (iv?.length !== ivLength || tag?.length !== tagLength) return null
      const decipher = createDecipheriv('aes-256-gcm', secret, iv).setAAD(Buffer.from(header)).setAuthTag(tag)
      try {
        const plaintext = decipher.update(ciphertext)
        // Returns no bytes. Throws if the tag is wrong.
        decipher.final()
        return plaintext
      } catch {
        return null
      }
    },
  }
}

/** Signs a JWT with RS256 (RFC 7515, RFC 7518 §3.3). */
export type SignJwt = (
  header: { readonly typ: string; readonly kid: string },
  claims: object,
  key: KeyObject,
) => string | Promise<string>

/** Signs on the main thread. `jose` needs a third more CPU for the way to another thread and back. */
export function signOnMainThread(...[header, claims, key]: Parameters<SignJwt>): string {
  const input = signingInput(header, claims)
  return `${input}.${base64url(sign('sha256', Buffer.from(input), key))}`
}

/** Signs in Node's thread pool, so that the main thread goes on with other requests. */
export async function signInThreadPool(...[header, claims, key]: Parameters<SignJwt>): Promise<string> {
  const input = signingInput(header, claims)
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  sign('sha256', Buffer.from(input), key, (error, signature) => (error ? reject(error) : resolve(signature)))
  return `${input}.${base64url(await promise)}`
}

/** Chooses how to sign an access token. `several`: the server answers other token requests at the same time. */
export type ChooseSigning = (several: boolean) => SignJwt

const hasSeveralCores = availableParallelism() > 1

/**
 * Signs on the main thread while the server answers one request at a time, as a Netlify function always does. A host that
 * answers several at once on several cores signs in the thread pool.
 */
export const signByLoad: ChooseSigning = (several) => (several && hasSeveralCores ? signInThreadPool : signOnMainThread)

const signingInput = (header: object, claims: object) =>
  `${base64url(JSON.stringify({ alg: 'RS256', ...header }))}.${base64url(JSON.stringify(claims))}`

/** A `DerivedKey` as a `KeyObject`. */
interface SealingKey {
  readonly kid: string
  readonly secret: KeyObject
}

interface Algorithm {
  seal(header: string, plaintext: string | Uint8Array, key: SealingKey): string
  open(parts: readonly string[], value: string, key: SealingKey): Buffer | null
}

function envelope(alg: 'HS256' | 'dir', typ: string, ring: readonly DerivedKey[], algorithm: Algorithm): Envelope {
  const keys = ring.map(({ kid, bytes }): SealingKey => ({ kid, secret: createSecretKey(bytes) }))
  const header = (kid: string) =>
    base64url(JSON.stringify(alg === 'dir' ? { alg, enc: 'A256GCM', typ, kid } : { alg, typ, kid }))
  const byHeader = new Map(keys.map((key) => [header(key.kid), key]))
  const byKid = new Map(keys.map((key) => [key.kid, { key, header: header(key.kid) }]))
  const first = keys[0]
  return {
    seal(plaintext, kid = first?.kid ?? '') {
      const found = byKid.get(kid)
      if (!found) throw new UnknownKey(`no sealing key ${kid}`)
      return algorithm.seal(found.header, plaintext, found.key)
    },
    open(value) {
      if (value.length > maxLength) return null
      const parts = value.split('.', 6)
      const key = byHeader.get(parts[0] ?? '')
      const plaintext = key && algorithm.open(parts, value, key)
      return plaintext ? { plaintext, kid: key.kid } : null
    },
  }
}

const hmac = (input: string, { secret }: SealingKey) => createHmac('sha256', secret).update(input).digest()

const base64url = (value: string | Uint8Array) => Buffer.from(value).toString('base64url')
