import { timingSafeEqual } from 'node:crypto'
import { sha256 } from '../../base/sha256.ts'

/** Returns the token in `Authorization: Bearer …` (RFC 6750 §2.1). The operator gives such tokens to clients and servers. */
export function shownToken(request: Request): string | undefined {
  return /^bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
}

/** Whether a token is one of these. Takes constant time: the digests have the same length, and all of them are compared. */
export function isOneOf(tokens: readonly string[], shown: string): boolean {
  const digest = Buffer.from(sha256(shown))
  return tokens.filter((token) => timingSafeEqual(digest, Buffer.from(sha256(token)))).length > 0
}
