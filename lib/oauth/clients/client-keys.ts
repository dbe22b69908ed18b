import * as v from 'valibot'
import type { capabilities } from '../capabilities.ts'
import { presentMembers, withoutNulls } from './client-metadata.ts'

const base64url = (shortest: number, longest: number) =>
  v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+$/), v.minLength(shortest), v.maxLength(longest))
const kid = v.exactOptional(v.pipe(v.string(), v.maxLength(128)))

/**
 * A public key that verifies client assertions: RSA of 2048 to 8192 bits for RS256, or P-256 for ES256 (RFC 7518 §6). It has
 * only the needed members, since some keys travel in a client_id. `v.union` is loaded anyway; `v.variant` would not be.
 */
export const clientKeySchema = v.union([
  v.object({ kty: v.literal('RSA'), kid, n: base64url(342, 1366), e: base64url(1, 6) }),
  v.object({ kty: v.literal('EC'), kid, crv: v.literal('P-256'), x: base64url(43, 43), y: base64url(43, 43) }),
])
export type ClientKey = v.InferOutput<typeof clientKeySchema>

/** Where the keys of a client are (RFC 7591 §2): in its metadata (`jwks`) or at a URL (`jwks_uri`). */
export type KeySource = { readonly keys: readonly ClientKey[] } | { readonly uri: string }

/** The key that an assertion says it is signed with. */
export interface WantedKey {
  readonly alg: AssertionAlgorithm
  readonly kid?: string
  /** The `iat` that the assertion claims, in seconds since the epoch. */
  readonly issuedAt?: number
}

/** RFC 7518 §3.1. */
export type AssertionAlgorithm = (typeof capabilities.tokenEndpointAuthSigningAlgorithms)[number]

const MOST_KEYS = 100
const LONGEST_URI = 512

/** Returns the keys that may have signed: the named one, or a few possible ones if none is named. */
export function fittingKeys(keys: readonly ClientKey[], wanted: WantedKey): readonly ClientKey[] {
  return keys
    .filter((key) => algorithmOf(key) === wanted.alg && (wanted.kid === undefined || key.kid === wanted.kid))
    .slice(0, 4)
}

/** Returns the usable keys of a JWK Set (RFC 7517 §5), or why the whole set is refused. */
export function parseKeySet(input: unknown): readonly ClientKey[] | 'malformed' | 'secret' {
  const keys = withoutNulls(input)?.keys
  if (!Array.isArray(keys)) return 'malformed'
  if (keys.some(isSecretKey)) return 'secret'
  return keys.slice(0, MOST_KEYS).flatMap(usableKey)
}

/**
 * Returns where the keys of a client are by its metadata, `undefined` if the metadata names none, or a complaint.
 *
 * @param members untrusted metadata, as `presentMembers` returns it
 */
export function keySourceOf({
  jwks,
  jwks_uri: uri,
}: Record<string, unknown>): KeySource | undefined | { readonly complaint: string } {
  if (jwks !== undefined && uri !== undefined && !isEmptySet(jwks)) {
    return { complaint: 'jwks and jwks_uri exclude each other' }
  }
  if (uri !== undefined) return isKeySetUrl(uri) ? { uri } : { complaint: 'jwks_uri must be a canonical https URL' }
  if (jwks === undefined) return undefined
  const keys = parseKeySet(jwks)
  if (keys === 'malformed') return { complaint: 'jwks must be a JWK Set' }
  if (keys === 'secret') return { complaint: 'jwks must not have a private or symmetric key' }
  return keys.length > 0 ? { keys } : { complaint: 'jwks has no key for RS256 or ES256' }
}

/** Whether a set is empty. Some clients send an empty `jwks` beside the `jwks_uri` of the real set. */
function isEmptySet(jwks: unknown): boolean {
  const { keys = [] } = withoutNulls(jwks) ?? { keys: jwks }
  return Array.isArray(keys) && keys.length === 0
}

/** RFC 7518 §6.2.2, §6.3.2, §6.4.1 and RFC 9964: `d` of every asymmetric type, `k` of `oct`, `priv` of AKP. */
function isSecretKey(key: unknown): boolean {
  const members = withoutNulls(key)
  return members !== null && ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv'].some((name) => name in members)
}

function usableKey(key: unknown): readonly ClientKey[] {
  const members = presentMembers(key)
  const { success, output } = v.safeParse(clientKeySchema, members)
  return success && members && isFor(algorithmOf(output), members) ? [output] : []
}

/** Whether a key is for this algorithm by its own `use`, `key_ops` and `alg` (RFC 7517 §4.2 to §4.4). */
function isFor(algorithm: AssertionAlgorithm, { use, key_ops: operations, alg }: Record<string, unknown>): boolean {
  return (
    (use === undefined || use === 'sig') &&
    (operations === undefined || (Array.isArray(operations) && operations.includes('verify'))) &&
    (alg === undefined || alg === algorithm)
  )
}

const algorithmOf = ({ kty }: ClientKey): AssertionAlgorithm => (kty === 'RSA' ? 'RS256' : 'ES256')

/** Whether a URL can be fetched exactly as it is spelled, like the URL of a metadata document (M-03, M-05). */
function isKeySetUrl(uri: unknown): uri is string {
  if (typeof uri !== 'string' || uri.length > LONGEST_URI || uri.includes('#')) return false
  const url = URL.parse(uri)
  return url?.protocol === 'https:' && url.username === '' && url.password === '' && url.href === uri
}
