import { timingSafeEqual } from 'node:crypto'
import { sha256 } from '../../base/sha256.ts'

/** What is shown as `Authorization: Bearer …` (RFC 6750 §2.1): a token that the operator has given somebody. */
export function shownToken(request: Request): string | undefined {
  return /^bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
}

/** Whether it is one of these, in constant time: the digests have one length, and every one of them is looked at. */
export function isOneOf(tokens: readonly string[], shown: string): boolean {
  const digest = Buffer.from(sha256(shown))
  return tokens.filter((token) => timingSafeEqual(digest, Buffer.from(sha256(token)))).length > 0
}
