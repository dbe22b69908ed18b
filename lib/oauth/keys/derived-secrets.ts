import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { DerivedKey } from './secrets.ts'

/** Derives secrets from the values that they belong to, so that no secret has to be stored. */
export type DerivedSecrets = ReturnType<typeof createDerivedSecrets>

/**
 * @param current the key of the current secret
 * @param previous the keys of previous secrets
 */
export function createDerivedSecrets(current: DerivedKey, previous: readonly DerivedKey[]) {
  const [first, ...others] = [current, ...previous].map(({ bytes }) => createSecretKey(bytes))
  if (!first) throw new TypeError('there is no secret to derive from')
  const derive = (value: string, key: KeyObject) => createHmac('sha256', key).update(value).digest('base64url')
  return {
    /** Derives the secret of `value` under the current secret: 43 characters of base64url. */
    of: (value: string) => derive(value, first),
    /** Whether `secret` belongs to `value` under the current or a previous secret. Takes constant time. */
    matches(value: string, secret: string): boolean {
      const shown = Buffer.from(secret)
      const equal = [first, ...others].map((key) => {
        const expected = Buffer.from(derive(value, key))
        return shown.length === expected.length && timingSafeEqual(shown, expected)
      })
      return equal.includes(true)
    },
  }
}
