import { isUtf8 } from 'node:buffer'
import { type KeyObject, verify } from 'node:crypto'
import { decodeBase64url } from '../base/base64url.ts'
import { isObject, jsonOf } from '../base/json.ts'

/** Says why a token is refused. The reason is for the log, not for the client. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

export type Members = Readonly<Record<string, unknown>>

/**
 * Parses a JWT signed with RS256 (RFC 7519, RFC 7515 §3.1), whose signature is not verified yet. Throws `Refused` for anything else.
 *
 * The signature is verified by node:crypto on the main thread, which takes 30 µs. `jose` verifies on another thread, and the
 * way there and back takes longer than the verification.
 */
export function parseJwt(token: string) {
  const [header = '', payload = '', signature = '', more] = token.split('.', 4)
  if (more !== undefined) throw new Refused('not a JWT')
  const parsed = objectIn(header)
  if (parsed.alg !== 'RS256') throw new Refused('alg')
  // RFC 7515 §4.1.11: no extension is known here, so a header that requires one is invalid.
  if (parsed.crit !== undefined) throw new Refused('crit')
  return {
    header: parsed,
    /** Reads the claims. Throws `Refused`. */
    claims: () => objectIn(payload),
    /** Whether `key` made the signature, with RS256. */
    isSignedBy(key: KeyObject): boolean {
      const bytes = decodeBase64url(signature)
      return bytes !== null && verify('sha256', Buffer.from(`${header}.${payload}`), key, bytes)
    },
  }
}

function objectIn(part: string): Members {
  const bytes = decodeBase64url(part)
  const value = bytes && isUtf8(bytes) ? jsonOf(bytes.toString('utf8')) : undefined
  if (isObject(value)) return value
  throw new Refused('not a JWT')
}
