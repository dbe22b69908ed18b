import { createPublicKey } from 'node:crypto'
import { decodeProtectedHeader, type JWK, jwtVerify } from 'jose'
import * as v from 'valibot'
import { sha256 } from '../../base/sha256.ts'
import type { GrantKey } from '../grants/record.ts'
import type { Sealing } from '../keys/sealing.ts'
import type { PublicKeys } from '../keys/signing-keys.ts'
import { refreshSealer } from './refresh-token.ts'

/** A token of this server that has not expired. Its grant may have ended. */
export type IssuedToken =
  | { readonly kind: 'refresh'; readonly grant: GrantKey; readonly clientHash: string }
  | {
      readonly kind: 'access'
      readonly grant: GrantKey
      readonly clientHash: string
      readonly claims: AccessTokenClaims
    }

/** The claims of an access token, without the user's email address and organization. */
const AccessTokenClaims = v.object({
  iss: v.string(),
  sub: v.string(),
  aud: v.string(),
  client_id: v.string(),
  scope: v.string(),
  grant: v.string(),
  jti: v.string(),
  iat: v.number(),
  exp: v.number(),
  cnf: v.exactOptional(v.object({ jkt: v.string() })),
})
export type AccessTokenClaims = v.InferOutput<typeof AccessTokenClaims>

/** Opens a token. Returns `null` if it has expired or this server did not issue it. Throws `StoreUnavailable`. */
export type OpenIssuedToken = (token: string, signal: AbortSignal) => Promise<IssuedToken | null>

/** Characters. No token of this server is longer. */
const longest = 8_192

/**
 * Makes the function that opens tokens. It recognizes a token by its form, since each kind opens in one way only. It
 * therefore needs no hint (RFC 7009 §2.1, RFC 7662 §2.1). A code is not a token, and expires after 60 seconds.
 */
export function createOpenIssuedToken(options: {
  readonly issuer: string
  readonly resource: string
  readonly sealing: Sealing
  readonly publicKeys: PublicKeys
  /** Milliseconds since the epoch. */
  readonly now: () => number
}): OpenIssuedToken {
  const { issuer, resource, publicKeys, now } = options
  const refreshTokens = refreshSealer(options.sealing)

  async function openAccessToken(token: string, signal: AbortSignal): Promise<IssuedToken | null> {
    const kid = kidOf(token)
    const jwk = kid && (await findKey(kid, publicKeys, signal))
    if (!jwk) return null
    try {
      const { payload } = await jwtVerify(token, createPublicKey({ key: jwk, format: 'jwk' }), {
        algorithms: ['RS256'],
        typ: 'at+jwt',
        issuer,
        audience: resource,
        requiredClaims: ['exp'],
        currentDate: new Date(now()),
      })
      const claims = v.parse(AccessTokenClaims, payload)
      return { kind: 'access', grant: claims.grant, clientHash: sha256(claims.client_id), claims }
    } catch {
      // Expired, of another server, or forged: the caller learns no difference.
      return null
    }
  }

  return async (token, signal) => {
    if (token.length > longest) return null
    const refresh = refreshTokens.open(token)
    if (!refresh) return openAccessToken(token, signal)
    const { grant, clientHash, expiresAt, endsAt } = refresh
    return Math.min(expiresAt, endsAt) > now() / 1000 ? { kind: 'refresh', grant, clientHash } : null
  }
}

/** Returns the `kid` of a value that may be an access token. For any other value, no key is looked up. */
function kidOf(token: string): string | undefined {
  try {
    const { alg, typ, kid } = decodeProtectedHeader(token)
    return alg === 'RS256' && typ === 'at+jwt' ? kid : undefined
  } catch {
    return undefined
  }
}

/** Finds a public key. Reads the store if the copy lacks it: the key may be newer than the copy. */
async function findKey(kid: string, publicKeys: PublicKeys, signal: AbortSignal): Promise<JWK | undefined> {
  const known = (await publicKeys(signal)).keys.find((jwk) => jwk.kid === kid)
  return known ?? (await publicKeys(signal, { fresh: true })).keys.find((jwk) => jwk.kid === kid)
}
