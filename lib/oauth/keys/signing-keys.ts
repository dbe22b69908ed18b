import { createPrivateKey, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JSONWebKeySet, type JWK } from 'jose'
import * as v from 'valibot'
import { withDeadline } from '../../deadline.ts'
import type { Log } from '../../log.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { sha256 } from '../sha256.ts'
import type { Sealing } from './sealing.ts'

/** What signs access tokens (RS256, F-000-30): one key for all instances, or the operator's own. */
export interface SigningKeys {
  /** The key that signs now; creates it in the store if there is none yet. Throws `StoreUnavailable`. */
  signer(signal: AbortSignal): Promise<Signer>
}

export interface Signer {
  readonly kid: string
  readonly privateKey: KeyObject
}

/**
 * The public halves (RFC 7517), an empty set while no key exists. Needs no secret and creates nothing. Cached;
 * `fresh` reads the store again. Throws `StoreUnavailable`.
 */
export type PublicKeys = (signal: AbortSignal, options?: { readonly fresh?: boolean }) => Promise<JSONWebKeySet>

/** The private half sealed, the public half in clear, so that JWKS needs no secret. */
const StoredKeys = v.object({
  keys: v.pipe(
    v.array(
      v.object({
        kid: v.string(),
        publicJwk: v.object({ kty: v.literal('RSA'), n: v.string(), e: v.string() }),
        sealedPrivateJwk: v.string(),
        createdAt: v.number(),
      }),
    ),
    v.minLength(1),
  ),
})
type StoredKeys = v.InferOutput<typeof StoredKeys>

const PrivateJwk = v.looseObject({ kty: v.literal('RSA'), n: v.string(), e: v.string(), d: v.string() })

/** Milliseconds after which a cached copy is read again, in the background, to learn of a rotation. */
const refreshAfter = 300_000
/** Milliseconds for that. */
const refreshDeadline = 5000

/** One record per issuer: another issuer's keys would not open here. */
const storeKey = (issuer: string) => `signing-keys/${sha256(issuer)}`

export function createPublicKeys(stored: StoredKeysReader): PublicKeys {
  let last: { readonly record: StoredKeys | null; readonly set: JSONWebKeySet } | undefined
  return async (signal, { fresh = false } = {}) => {
    const record = await stored(signal, fresh)
    // The same object for the same record: who verifies tokens looks through a set only once.
    if (last?.record !== record || !last) {
      last = { record, set: { keys: record?.keys.map(({ kid, publicJwk }) => published(kid, publicJwk)) ?? [] } }
    }
    return last.set
  }
}

export function createSigningKeys(options: {
  issuer: string
  store: Store
  /** The same as the public keys', so that an instance reads the record once. */
  stored: StoredKeysReader
  sealing: Sealing
  now: () => number
  log: Log
}): SigningKeys {
  const { store, stored, log, now } = options
  const sealer = options.sealing.encrypted('signing-key', PrivateJwk)
  const key = storeKey(options.issuer)
  const imported = new Map<string, KeyObject>()
  let creating: Promise<StoredKeys> | undefined

  async function create(signal: AbortSignal): Promise<StoredKeys> {
    const pair = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true })
    const [{ n = '', e = '' }, privateJwk] = await Promise.all([exportJWK(pair.publicKey), exportJWK(pair.privateKey)])
    const publicJwk = { kty: 'RSA' as const, n, e }
    const kid = await calculateJwkThumbprint(publicJwk)
    const sealedPrivateJwk = sealer.seal(v.parse(PrivateJwk, privateJwk))
    const record: StoredKeys = { keys: [{ kid, publicJwk, sealedPrivateJwk, createdAt: Math.floor(now() / 1000) }] }
    const write = await store.create(key, record, signal)
    if (write.won) log('signing_key_created', { kid })
    // Whoever lost uses the winner's: however many instances start at the same moment, there is one key.
    const winner = await stored(signal, true)
    if (!winner) throw new StoreUnavailable('the signing key that was just created cannot be read')
    return winner
  }

  function privateKeyOf({ kid, sealedPrivateJwk }: StoredKeys['keys'][number]): KeyObject {
    const known = imported.get(kid)
    if (known) return known
    const jwk = sealer.open(sealedPrivateJwk)
    // Never regenerated: that would end every session because of a typing mistake in a setting.
    if (!jwk) throw new UnreadableSigningKey(`signing key ${kid} does not open: was MCP_OAUTH_SECRET changed?`)
    const key = createPrivateKey({ key: jwk, format: 'jwk' })
    imported.set(kid, key)
    return key
  }

  return {
    async signer(signal) {
      let record = await stored(signal, false)
      if (!record) {
        creating ??= create(signal).finally(() => {
          creating = undefined
        })
        record = await creating
      }
      const newest = record.keys.at(-1)
      if (!newest) throw new UnreadableSigningKey('the signing key record is empty')
      return { kid: newest.kid, privateKey: privateKeyOf(newest) }
    },
  }
}

/** The operator's own key (`MCP_OAUTH_SIGNING_JWK`), a private RSA JWK: no store involved. Throws on anything else. */
export async function pinnedSigningKey(jwk: JWK): Promise<{ signingKeys: SigningKeys; publicKeys: PublicKeys }> {
  const parsed = v.parse(PrivateJwk, jwk)
  const { n, e } = parsed
  const kid = jwk.kid ?? (await calculateJwkThumbprint({ kty: 'RSA', n, e }))
  const signer = { kid, privateKey: createPrivateKey({ key: parsed, format: 'jwk' }) }
  return {
    signingKeys: { signer: async () => signer },
    publicKeys: async () => ({ keys: [published(kid, { n, e })] }),
  }
}

/** The stored private key does not open, or the record is damaged: a misconfiguration, answered 503. */
export class UnreadableSigningKey extends Error {
  override readonly name = 'UnreadableSigningKey'
}

function published(kid: string, { n, e }: { n: string; e: string }): JWK {
  return { kty: 'RSA', n, e, kid, alg: 'RS256', use: 'sig' }
}

/** The record of an issuer's keys, `null` while there is none. Throws `StoreUnavailable`. */
export type StoredKeysReader = (signal: AbortSignal, fresh: boolean) => Promise<StoredKeys | null>

/** Reads the record once per instance (single flight), and again in the background when it has aged. */
export function createStoredKeysReader(options: { issuer: string; store: Store; now: () => number }): StoredKeysReader {
  const { issuer, store, now } = options
  let cached: { record: StoredKeys; readAt: number } | undefined
  let reading: Promise<StoredKeys | null> | undefined

  async function read(signal: AbortSignal): Promise<StoredKeys | null> {
    const found = await store.get(storeKey(issuer), signal)
    if (!found) return null
    const parsed = v.safeParse(StoredKeys, found.value)
    if (!parsed.success) throw new UnreadableSigningKey('the signing key record is damaged')
    cached = { record: parsed.output, readAt: now() }
    return cached.record
  }

  return async (signal, fresh) => {
    if (cached && !fresh) {
      if (now() - cached.readAt > refreshAfter) {
        cached = { ...cached, readAt: now() }
        withDeadline(refreshDeadline, read).catch(() => undefined)
      }
      return cached.record
    }
    if (fresh) return read(signal)
    // Whoever finds a read under way shares it; but not its end, since another request's deadline may have caused it.
    if (reading) return reading.catch(() => read(signal))
    reading = read(signal).finally(() => {
      reading = undefined
    })
    return reading
  }
}
