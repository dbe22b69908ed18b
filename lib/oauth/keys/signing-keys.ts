import { createPrivateKey, KeyObject } from 'node:crypto'
import type { JSONWebKeySet, JWK } from 'jose'
import * as v from 'valibot'
import { withDeadline } from '../../base/deadline.ts'
import type { Log } from '../../base/log.ts'
import { once } from '../../base/once.ts'
import { sha256 } from '../../base/sha256.ts'
import { createSingleFlight } from '../../base/single-flight.ts'
import { type Store, StoreUnavailable, type StoreValue } from '../../store/store.ts'
import type { Sealer, Sealing } from './sealing.ts'

/** The keys that sign access tokens (RS256, F-000-30): one key for all instances, or the operator's own. */
export interface SigningKeys {
  /** Returns the key that signs now. Creates the first key in the store if there is none. Throws `StoreUnavailable`. */
  signer(signal: AbortSignal): Promise<Signer>
}

export interface Signer {
  readonly kid: string
  readonly privateKey: KeyObject
}

/**
 * Returns the public keys (RFC 7517), an empty set while there is no key. Needs no secret and creates no key. The keys come from
 * a copy that is at most `maximumAge` old. With `stale` the copy may have any age, for a caller that reads again when a key is
 * missing. With `fresh` they come from the store. Throws `StoreUnavailable`.
 */
export type PublicKeys = (
  signal: AbortSignal,
  options?: { readonly fresh?: boolean; readonly stale?: boolean },
) => Promise<JSONWebKeySet>

/** The private key is sealed. The public key is in clear, so that JWKS needs no secret. `createdAt` is in seconds. */
const StoredKey = v.object({
  kid: v.string(),
  publicJwk: v.object({ kty: v.literal('RSA'), n: v.string(), e: v.string() }),
  sealedPrivateJwk: v.string(),
  createdAt: v.number(),
})
export type StoredKey = v.InferOutput<typeof StoredKey>

/** The oldest key first. All keys are published, and one of them signs. */
const StoredKeys = v.object({ keys: v.pipe(v.array(StoredKey), v.minLength(1)) })
type StoredKeys = v.InferOutput<typeof StoredKeys>

const PrivateJwk = v.looseObject({ kty: v.literal('RSA'), n: v.string(), e: v.string(), d: v.string() })
type PrivateJwkSealer = Sealer<'signing-key', v.InferOutput<typeof PrivateJwk>>

/** Milliseconds after which a copy is read again in the background, to learn of a rotation. */
const refreshAfter = 300_000
/** Milliseconds for that read, and until the next attempt if it fails. */
const refreshDeadline = 5000
const refreshAgainAfter = 30_000
/**
 * Milliseconds. An instance never signs or publishes from an older copy. The platform may freeze an instance for hours between
 * two requests, and its read in the background with it.
 */
const maximumAge = 900_000

/**
 * Seconds that a key is published before it signs (O-09). This covers the copies of other instances (`maximumAge`), the copies
 * of the JWKS that resource servers keep (300 s), and clocks that differ.
 */
export const publicationLead = 3600

/** The store key of an issuer's record. Each issuer has its own, since keys of another issuer would not open. */
export const storeKeyOf = (issuer: string): string => `signing-keys/${sha256(issuer)}`

/** Reads a stored record. Throws `UnreadableSigningKey` if it is damaged. */
export function parseStoredKeys(value: StoreValue): StoredKeys {
  const parsed = v.safeParse(StoredKeys, value)
  if (!parsed.success) throw new UnreadableSigningKey('the signing key record is damaged')
  return parsed.output
}

export const privateJwkSealer = (sealing: Sealing): PrivateJwkSealer => sealing.encrypted('signing-key', PrivateJwk)

/** RFC 7518 §3.3; the exponent is 65537. */
const newKey = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
}

/** Creates a key pair, ready to be stored. `createdAt` is in seconds since the epoch. */
export async function newStoredKey(sealer: PrivateJwkSealer, createdAt: number): Promise<StoredKey> {
  const { privateKey } = await crypto.subtle.generateKey(newKey, true, ['sign', 'verify'])
  const privateJwk = v.parse(PrivateJwk, KeyObject.from(privateKey).export({ format: 'jwk' }))
  const { n, e } = privateJwk
  return {
    kid: thumbprintOf({ n, e }),
    publicJwk: { kty: 'RSA', n, e },
    sealedPrivateJwk: sealer.seal(privateJwk),
    createdAt,
  }
}

/** The thumbprint of an RSA key (RFC 7638 §3.2). The order of the members is part of it. */
const thumbprintOf = ({ n, e }: { readonly n: string; readonly e: string }) =>
  sha256(JSON.stringify({ e, kty: 'RSA', n }))

/**
 * Returns the newest key that has been published for long enough. If there is none, returns the oldest key. The clock alone
 * decides, so that an instance changes over without reading the store. `now` is in seconds.
 */
function keyThatSigns(keys: readonly StoredKey[], now: number): StoredKey | undefined {
  return keys.findLast(({ createdAt }) => createdAt + publicationLead <= now) ?? keys[0]
}

/**
 * Opens the private key of a stored key. Returns `null` unless this service sealed it and it belongs to the public key beside
 * it. Otherwise an attacker who can write the store, but has no secret, could publish a key of their own.
 */
export function openStoredKey(sealer: PrivateJwkSealer, { publicJwk, sealedPrivateJwk }: StoredKey) {
  const jwk = sealer.open(sealedPrivateJwk)
  return jwk && jwk.n === publicJwk.n && jwk.e === publicJwk.e ? jwk : null
}

/**
 * Makes the function that returns the public keys.
 *
 * @param sealing if present, only keys that this service sealed are published, and the log names all others; if absent, because
 *   the service has no secret yet, all stored keys are published
 */
export function createPublicKeys(
  stored: StoredKeysReader,
  sealing?: { readonly sealing: Sealing; readonly log: Log },
): PublicKeys {
  // Deriving the key of a sealer takes a new instance some time, and not every first answer needs it.
  const sealer = sealing && once(() => privateJwkSealer(sealing.sealing))
  const isOurs = (key: StoredKey) => {
    const ours = !sealer || openStoredKey(sealer(), key) !== null
    if (!ours) sealing?.log('signing_key_unreadable', { kid: key.kid })
    return ours
  }

  let last: { readonly record: StoredKeys | null; readonly set: JSONWebKeySet } | undefined
  return async (signal, { fresh = false, stale = false } = {}) => {
    const record = await stored(signal, fresh ? 'new' : stale ? 'any' : 'recent')
    // The same object for the same record: a verifier of tokens examines a set only once.
    if (last?.record !== record || !last) {
      const keys = record?.keys.filter(isOurs).map(({ kid, publicJwk }) => published(kid, publicJwk)) ?? []
      last = { record, set: { keys } }
    }
    return last.set
  }
}

/** Makes the signing keys that all instances share through the store. */
export function createSigningKeys(options: {
  issuer: string
  store: Store
  /** The same reader as for the public keys, so that an instance reads the record once. */
  stored: StoredKeysReader
  sealing: Sealing
  now: () => number
  log: Log
}): SigningKeys {
  const { store, stored, log, now } = options
  const sealer = privateJwkSealer(options.sealing)
  const imported = new Map<string, KeyObject>()
  const creation = createSingleFlight<StoredKeys>()

  async function create(signal: AbortSignal): Promise<StoredKeys> {
    const first = await newStoredKey(sealer, Math.floor(now() / 1000))
    const write = await store.create(storeKeyOf(options.issuer), { keys: [first] }, signal)
    if (write.won) log('signing_key_created', { kid: first.kid })
    // An instance that lost uses the winner's key. However many instances start at once, there is one key.
    const winner = await stored(signal, 'new')
    if (!winner) throw new StoreUnavailable('the signing key that was just created cannot be read')
    return winner
  }

  function privateKeyOf(stored: StoredKey): KeyObject {
    const { kid } = stored
    const known = imported.get(kid)
    if (known) return known
    const jwk = openStoredKey(sealer, stored)
    // Never replaced by a new key: a mistyped setting would then end every session.
    if (!jwk) throw new UnreadableSigningKey(`signing key ${kid} does not open: was MCP_OAUTH_SECRET changed?`)
    const key = createPrivateKey({ key: jwk, format: 'jwk' })
    imported.set(kid, key)
    return key
  }

  return {
    async signer(signal) {
      const found = await stored(signal, 'recent')
      // Concurrent requests share one key creation, and retry on their own if it fails.
      const record = found ?? (await creation.runOrRetry('key', () => create(signal)))
      const key = keyThatSigns(record.keys, now() / 1000)
      if (!key) throw new UnreadableSigningKey('the signing key record is empty')
      return { kid: key.kid, privateKey: privateKeyOf(key) }
    },
  }
}

/** Makes the signing keys from the operator's own key (`MCP_OAUTH_SIGNING_JWK`), without the store. Throws if it is no private RSA JWK. */
export function pinnedSigningKey(jwk: JWK): { signingKeys: SigningKeys; publicKeys: PublicKeys } {
  const parsed = v.parse(PrivateJwk, jwk)
  const { n, e } = parsed
  const kid = jwk.kid ?? thumbprintOf({ n, e })
  const signer = { kid, privateKey: createPrivateKey({ key: parsed, format: 'jwk' }) }
  return {
    signingKeys: { signer: async () => signer },
    publicKeys: async () => ({ keys: [published(kid, { n, e })] }),
  }
}

/** The stored private key does not open, or the record is damaged. The settings are wrong, and the answer is a 503. */
export class UnreadableSigningKey extends Error {
  override readonly name = 'UnreadableSigningKey'
}

function published(kid: string, { n, e }: { n: string; e: string }): JWK {
  return { kty: 'RSA', n, e, kid, alg: 'RS256', use: 'sig' }
}

/**
 * Returns the record of an issuer's keys, or `null` if there is none. `new` reads the store, `recent` accepts a copy that is at
 * most `maximumAge` old, and `any` accepts a copy of any age. Throws `StoreUnavailable`, and `UnreadableSigningKey` if the record
 * is damaged.
 */
export type StoredKeysReader = (signal: AbortSignal, age: 'new' | 'recent' | 'any') => Promise<StoredKeys | null>

/** Makes the reader of the record. It reads once per instance, and again in the background when its copy is old. */
export function createStoredKeysReader(options: { issuer: string; store: Store; now: () => number }): StoredKeysReader {
  const { issuer, store, now } = options
  let copy: { readonly record: StoredKeys | null; readonly readAt: number; readonly turn: number } | undefined
  let turns = 0
  let refreshedAt = Number.NEGATIVE_INFINITY
  const reading = createSingleFlight<StoredKeys | null>()

  async function read(signal: AbortSignal): Promise<StoredKeys | null> {
    const turn = ++turns
    const readAt = now()
    const found = await store.get(storeKeyOf(issuer), signal)
    const record = found && parseStoredKeys(found.value)
    // A read that began earlier and ends later brings an older record.
    if (!copy || copy.turn < turn) copy = { record, readAt, turn }
    return copy.record
  }

  function refresh(): void {
    if (now() - refreshedAt <= refreshAgainAfter) return
    refreshedAt = now()
    withDeadline(refreshDeadline, read).catch(() => undefined)
  }

  return async (signal, age) => {
    if (age === 'new') return read(signal)
    const copyAge = copy ? now() - copy.readAt : Number.POSITIVE_INFINITY
    if (copy?.record && (age === 'any' || copyAge <= maximumAge)) {
      if (copyAge > refreshAfter) refresh()
      return copy.record
    }
    // Concurrent requests share one read, and retry on their own if it fails: one request's deadline may have ended it.
    return reading.runOrRetry('record', () => read(signal))
  }
}
