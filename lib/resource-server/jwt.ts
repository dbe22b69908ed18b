import { isUtf8 } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import { decodeBase64url } from '../base/base64url.ts'
import { isObject, jsonOf } from '../base/json.ts'
import type { Algorithm } from './algorithms.ts'

/** Says why a token is refused. The reason is for the log, not for the client. */
export class Refused extends Error {
  override readonly name: string = 'Refused'
}

export type Members = Readonly<Record<string, unknown>>

/**
 * Parses a JWT signed with one of these algorithms (RFC 7519, RFC 7515 §3.1), by the value of `alg`. Its signature is not verified yet.
 * Throws `Refused` for anything else.
 *
 * The signature is verified by node:crypto on the main thread, which takes 30 µs with RS256. `jose` verifies on another thread, and
 * the way there and back takes longer than the verification.
 */
export function parseJwt(token: string, algorithms: ReadonlyMap<unknown, Algorithm>) {
  const [header = '', payload = '', signature = '', more] = token.split('.', 4)
  if (more !== undefined) throw new Refused('not a JWT')
  const parsed = objectIn(header)
  const algorithm = algorithms.get(parsed.alg)
  if (algorithm === undefined) throw new Refused('alg')
  // RFC 7515 §4.1.11: no extension is known here, so a header that requires one is invalid.
  if (parsed.crit !== undefined) throw new Refused('crit')
  return {
    header: parsed,
    algorithm,
    /** Reads the claims. Throws `Refused`. */
    claims: () => objectIn(payload),
    /** Whether `key` made the signature, with the algorithm of the header. */
    isSignedBy(key: KeyObject): boolean {
      const bytes = decodeBase64url(signature)
      return bytes !== null && algorithm.verify(Buffer.from(`${header}.${payload}`), key, bytes)
    },
  }
}

function objectIn(part: string): Members {
  const bytes = decodeBase64url(part)
  const value = bytes && isUtf8(bytes) ? jsonOf(bytes.toString('utf8')) : undefined
  if (isObject(value)) return value
  throw new Refused('not a JWT')
}
