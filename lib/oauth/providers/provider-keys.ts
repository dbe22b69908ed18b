import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { isObject } from '../../base/json.ts'
import { ProviderError } from './provider.ts'
import { createRereading, createSharedReading, objectOf, readDocument } from './provider-http.ts'
import type { MetadataReader, ProviderMetadata } from './provider-metadata.ts'

/** Milliseconds after which keys are read again. */
const lifetime = 240_000
/** The most keys that are tried for one token. */
const maxCandidates = 3
/** Bits: RFC 7518 §3.3. */
const minModulus = 2048

interface PublishedKey {
  readonly kid: string | undefined
  /** The issuer that the entry names. Only Entra ID names one, where several issuers share one set. */
  readonly issuer: string | undefined
  readonly key: KeyObject
}

/**
 * The keys that the provider signs ID tokens with (OpenID Connect Core §10.1).
 *
 * @param now milliseconds since the epoch
 */
export function createProviderKeys(metadata: MetadataReader, now: () => number) {
  let source: ProviderMetadata | undefined
  let known: { readonly uri: string; readonly keys: readonly PublishedKey[]; readonly at: number } | undefined
  // Anyone can make a token that names no key, or whose signature does not fit. A token that names an unknown key mostly comes
  // from a provider with a new key.
  const ofKnown = createRereading(now, { most: 1, seconds: 30 })
  const ofUnknown = createRereading(now, { most: 5, seconds: 30 })

  const load = createSharedReading(async (signal) => {
    const from = source
    if (!from) throw new ProviderError('passing', 'the metadata has not been read')
    known = await read(from, signal).catch(async (error) => {
      const moved = await metadata.readAgain(from, signal)
      if (!moved) throw error
      source = moved
      return read(moved, signal)
    })
    return known.keys
  })

  async function read({ jwks_uri: uri }: ProviderMetadata, signal: AbortSignal) {
    const { keys } = await readDocument('keys', uri, signal)
    if (!Array.isArray(keys)) throw new ProviderError('passing', "the provider's keys: not a key set")
    return { uri, keys: usableKeys(keys), at: now() }
  }

  return {
    /** Loads the keys before the provider's code is sent. Throws `ProviderError` of kind `passing`. */
    async ready(from: ProviderMetadata, signal: AbortSignal): Promise<void> {
      source = from
      if (known?.uri === from.jwks_uri && now() - known.at < lifetime) return
      await load(signal)
    },

    /**
     * Whether one of the keys has signed this ID token with RS256. Reads newer keys once if none fits. Throws `ProviderError` of
     * kind `spent` if newer keys cannot be read.
     *
     * @param maySign whether a key that names this issuer may have signed the token
     */
    async haveSigned(
      idToken: string,
      signal: AbortSignal,
      maySign: (issuer: string) => boolean = () => true,
    ): Promise<boolean> {
      const { kid, signed, signature } = partsOf(idToken)
      const fits = (keys: readonly PublishedKey[]) =>
        signature !== null &&
        candidates(keys, kid).some(
          ({ key, issuer }) => (issuer === undefined || maySign(issuer)) && verify('sha256', signed, key, signature),
        )
      if (known && fits(known.keys)) return true
      const isNew = typeof kid === 'string' && !known?.keys.some((key) => key.kid === kid)
      const rereading = isNew ? ofUnknown : ofKnown
      if (!rereading.allowed()) return false
      try {
        if (fits(await load(signal))) return true
      } catch (error) {
        rereading.wasFruitless()
        throw new ProviderError('spent', 'newer keys of the provider cannot be read', { cause: error })
      }
      rereading.wasFruitless()
      return false
    },
  }
}

/**
 * Returns the keys that the token names, and then the keys without a name. The name is a hint, and the signature decides (RFC 7515
 * §4.1.4). A `kid` that is not a text names no key.
 */
function candidates(keys: readonly PublishedKey[], kid: unknown): readonly PublishedKey[] {
  if (kid !== undefined && typeof kid !== 'string') return []
  const fitting =
    kid === undefined
      ? keys
      : [...keys.filter((key) => key.kid === kid), ...keys.filter((key) => key.kid === undefined)]
  return fitting.slice(0, maxCandidates)
}

/** Returns each usable key once. Keys of another type or use, or with missing members, are ignored (RFC 7517 §5). */
export function usableKeys(jwks: readonly unknown[]): readonly PublishedKey[] {
  const found = new Map<string, PublishedKey>()
  for (const jwk of jwks) {
    if (!isObject(jwk) || jwk.kty !== 'RSA' || typeof jwk.n !== 'string' || typeof jwk.e !== 'string') continue
    if (!isAbsentOr(jwk.use, 'sig') || !isAbsentOr(jwk.alg, 'RS256')) continue
    if (Array.isArray(jwk.key_ops) && jwk.key_ops.length > 0 && !jwk.key_ops.includes('verify')) continue
    const kid = typeof jwk.kid === 'string' && jwk.kid !== '' ? jwk.kid : undefined
    const issuer = typeof jwk.issuer === 'string' ? jwk.issuer : undefined
    const key = publicKeyOf(jwk.n, jwk.e)
    if (key) found.set(JSON.stringify([kid, jwk.n, jwk.e, issuer]), { kid, issuer, key })
  }
  return [...found.values()]
}

/** Whether a member has the wanted value. A member that is empty or not a text counts as absent. */
const isAbsentOr = (value: unknown, wanted: string) => typeof value !== 'string' || value === '' || value === wanted

function publicKeyOf(n: string, e: string): KeyObject | null {
  try {
    const key = createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e } })
    return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= minModulus ? key : null
  } catch {
    return null
  }
}

function partsOf(idToken: string) {
  const [header = '', payload = '', signature = ''] = idToken.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const { kid } = objectOf(Buffer.from(header, 'base64url').toString()) ?? {}
  return {
    kid,
    signed: Buffer.from(`${header}.${payload}`),
    // Accepts one spelling only: Node decodes more than base64url.
    signature: bytes.toString('base64url') === signature ? bytes : null,
  }
}
