import { hash } from 'node:crypto'
import { BoundedMap } from '../base/bounded-map.ts'

/** Characters. A longer text is no access token. */
export const maximumTokenLength = 8 * 1024
const mostRemembered = 1_000

/**
 * Remembers verified tokens until they expire, by their digest. Failures are not remembered.
 *
 * @param options `now` in milliseconds since the epoch, `clockTolerance` in seconds
 */
export function createVerifiedTokens<T extends { readonly expiresAt: number }>({
  now,
  clockTolerance,
}: {
  readonly now: () => number
  readonly clockTolerance: number
}) {
  const verified = new BoundedMap<string, T>(mostRemembered)
  return {
    /**
     * Returns what was learned of a token before.
     *
     * @param notice runs first if there is something, and may clear it: the key of a token may be withdrawn (O-09)
     */
    async find(text: string, notice: () => Promise<void>): Promise<T | undefined> {
      const digest = digestOf(text)
      if (verified.has(digest)) await notice()
      const token = verified.get(digest)
      if (token === undefined || token.expiresAt + clockTolerance > now() / 1000) return token
      verified.delete(digest)
      return undefined
    },
    add: (text: string, token: T) => void verified.set(digestOf(text), token),
    clear: () => verified.clear(),
  }
}

const digestOf = (text: string) => hash('sha256', text, 'base64')
