import { isObject } from '../../base/json.ts'
import { type ClientKey, fittingKeys, type KeySource, parseKeySet } from '../clients/client-keys.ts'
import { OAuthError } from '../errors.ts'
import { ProviderError } from '../providers/provider.ts'
import { createRereading, createSharedReading } from '../providers/provider-http.ts'
import { assertionRefused } from './refusal.ts'
import type { SignedJwt } from './signed-jwt.ts'
import type { TrustedIssuer } from './trusted-issuer.ts'

/** Reads a JSON document that a trusted issuer publishes. Throws `ProviderError` of kind `passing`. */
export type ReadIssuerDocument = (
  what: string,
  url: string,
  signal: AbortSignal,
) => Promise<Readonly<Record<string, unknown>>>

/** Milliseconds after which keys are read again, so that a withdrawn key ends within five minutes. */
const lifetime = 300_000
/** Milliseconds for which known keys are used while they cannot be read again. */
const longest = 3_600_000
/** Keys that are tried for one assertion (N24). */
const candidates = 3

export interface IssuerKeys {
  /** Throws `OAuthError` unless a key of the issuer signed the assertion: 503 where the keys cannot be read. */
  requireSignature(jwt: SignedJwt, signal: AbortSignal): Promise<void>
}

/**
 * Makes the reader of the keys of one issuer (E-01, W-03). Keys come over TLS from the address that the operator named, or from the one
 * in the issuer's metadata. Concurrent callers share one reading. Keys are read again for a signature that none of them made, at most
 * five times in 30 seconds.
 *
 * @param now milliseconds since the epoch
 */
export function createIssuerKeys(
  { issuer, keys: source }: TrustedIssuer,
  { read, now }: { readonly read: ReadIssuerDocument; readonly now: () => number },
): IssuerKeys {
  let known: { readonly keys: readonly ClientKey[]; readonly at: number } | undefined
  // Anyone can invent an assertion. One that names an unknown key mostly comes from an issuer with a new key.
  const ofKnown = createRereading(now, { most: 1, seconds: 30 })
  const ofUnknown = createRereading(now, { most: 5, seconds: 30 })
  const failing = createRereading(now, { most: 1, seconds: 5 })

  const load = createSharedReading(async (signal) => {
    const keys = keysOf(await documentOf(issuer, source, read, signal), issuer)
    known = { keys, at: now() }
    return keys
  })

  async function current(signal: AbortSignal): Promise<readonly ClientKey[]> {
    const before = known
    if (before && now() - before.at < lifetime) return before.keys
    const isUsable = before !== undefined && now() - before.at < longest
    if (isUsable && !failing.allowed()) return before.keys
    try {
      return await load(signal)
    } catch (error) {
      if (!isUsable) throw error
      failing.wasFruitless()
      return before.keys
    }
  }

  async function isSigned(jwt: SignedJwt, signal: AbortSignal): Promise<boolean> {
    const signs = (keys: readonly ClientKey[]) =>
      candidatesOf(keys, jwt)
        .slice(0, candidates)
        .some((key) => jwt.isSignedBy(key))
    const keys = await current(signal)
    if (signs(keys)) return true
    const isNew = jwt.kid !== undefined && !keys.some(({ kid }) => kid === jwt.kid)
    const rereading = isNew ? ofUnknown : ofKnown
    if (!rereading.allowed()) return false
    const isNowSigned = await load(signal).then(signs, (error: unknown) => {
      rereading.wasFruitless()
      throw error
    })
    if (!isNowSigned) rereading.wasFruitless()
    return isNowSigned
  }

  return {
    async requireSignature(jwt, signal) {
      const signed = await isSigned(jwt, signal).catch((error: unknown) => {
        if (!(error instanceof ProviderError)) throw error
        throw new OAuthError('temporarily_unavailable', 'the keys of the issuer cannot be read', error.message)
      })
      if (!signed) throw assertionRefused('assertion-signature')
    },
  }
}

/** The keys that the assertion names. The keys without a name count too: the name is a hint, and the signature decides. */
function candidatesOf(keys: readonly ClientKey[], { alg, kid }: SignedJwt): readonly ClientKey[] {
  if (kid === undefined) return fittingKeys(keys, { alg })
  const nameless = keys.filter((key) => key.kid === undefined)
  return [...fittingKeys(keys, { alg, kid }), ...fittingKeys(nameless, { alg })]
}

/** Returns the usable keys of a set. A key that is marked as another issuer's is not one of them (N24). */
function keysOf(document: Readonly<Record<string, unknown>>, issuer: string): readonly ClientKey[] {
  const entries = Array.isArray(document.keys) ? document.keys : []
  const own = entries.filter((key) => !isObject(key) || key.issuer === undefined || key.issuer === issuer)
  const keys = parseKeySet({ keys: own })
  if (typeof keys === 'string')
    throw new ProviderError('passing', 'the keys of the issuer are not a set of public keys')
  return keys
}

async function documentOf(
  issuer: string,
  source: KeySource | undefined,
  read: ReadIssuerDocument,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  if (source && 'keys' in source) return { keys: source.keys }
  return read('keys', source?.uri ?? (await discoveredUri(issuer, read, signal)), signal)
}

/** Returns the `jwks_uri` of the issuer's metadata: OpenID Connect Discovery §4, otherwise RFC 8414 §3. */
async function discoveredUri(issuer: string, read: ReadIssuerDocument, signal: AbortSignal): Promise<string> {
  const { origin, pathname, protocol } = new URL(issuer)
  const path = pathname.replace(/\/+$/, '')
  const metadata = await read('metadata', `${origin}${path}/.well-known/openid-configuration`, signal).catch(() =>
    read('metadata', `${origin}/.well-known/oauth-authorization-server${path}`, signal),
  )
  const { issuer: said, jwks_uri: uri } = metadata
  if (said !== issuer) throw new ProviderError('passing', 'the metadata is of another issuer')
  const found = typeof uri === 'string' ? URL.parse(uri) : null
  // The settings allow an http issuer only on loopback.
  const isSafe = found?.protocol === 'https:' || found?.protocol === protocol
  if (!found || !isSafe) throw new ProviderError('passing', 'the metadata of the issuer has no usable jwks_uri')
  return found.href
}
