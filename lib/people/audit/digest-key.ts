import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type Store, StoreUnavailable } from '../../store/store.ts'

/** Seals the private key for the store. */
export interface DigestKeySealer {
  /** Names the secret that seals now. */
  readonly kid: string
  seal(payload: { readonly key: string }): string
  /** `null`: the value was not sealed for this purpose, or its secret is unknown. */
  open(sealed: string): { readonly key: string } | null
}

export interface DigestKeyOptions {
  readonly store: Pick<Store, 'get' | 'create' | 'replace'>
  /** A segment of a store key: a sealed key opens for one issuer only. */
  readonly issuerHash: string
  readonly sealer: DigestKeySealer
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** The stored key does not open. It is never made again: a new one would make every earlier digest look forged. */
export class UnreadableDigestKey extends Error {
  override readonly name = 'UnreadableDigestKey'
}

const keyOf = (issuerHash: string) => `audit-keys/${issuerHash}`

/**
 * Loads the key that signs digests (Ed25519), and makes it the first time. It is apart from the signing keys of tokens, which are
 * replaced every 90 days, and a change of `MCP_OAUTH_SECRET` only seals it anew: digests of years ago still verify. Throws
 * `StoreUnavailable` and `UnreadableDigestKey`.
 */
export async function loadDigestKey(options: DigestKeyOptions, signal: AbortSignal): Promise<KeyObject> {
  const { store, issuerHash, sealer, now } = options
  let stored = await store.get(keyOf(issuerHash), signal)
  if (!stored) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const key = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64url')
    const value = { sealed: sealer.seal({ key }), kid: sealer.kid, publicKey: textOf(publicKey), createdAt: now() }
    await store.create(keyOf(issuerHash), value, signal)
    // However many runs begin at once, all use the key of the one that won.
    stored = await store.get(keyOf(issuerHash), signal)
  }
  if (!stored) throw new StoreUnavailable('the key of the audit log that was just made cannot be read')
  const { sealed, kid } = stored.value
  const opened = typeof sealed === 'string' ? sealer.open(sealed) : null
  if (!opened) throw new UnreadableDigestKey('the key of the audit log does not open: was MCP_OAUTH_SECRET changed?')
  if (kid !== sealer.kid) {
    const anew = { ...stored.value, sealed: sealer.seal(opened), kid: sealer.kid }
    await store.replace(keyOf(issuerHash), anew, stored.version, signal)
  }
  return createPrivateKey({ key: Buffer.from(opened.key, 'base64url'), format: 'der', type: 'pkcs8' })
}

/** Reads the public half, which needs no secret. Returns `null` if there is no key yet. Throws `StoreUnavailable`. */
export async function readPublicKey(
  store: Pick<Store, 'get'>,
  issuerHash: string,
  signal: AbortSignal,
): Promise<KeyObject | null> {
  const text = (await store.get(keyOf(issuerHash), signal))?.value.publicKey
  if (typeof text !== 'string') return null
  return createPublicKey({ key: Buffer.from(text, 'base64url'), format: 'der', type: 'spki' })
}

const textOf = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).toString('base64url')
