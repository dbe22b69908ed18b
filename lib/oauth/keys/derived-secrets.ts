import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { DerivedKey } from './secrets.ts'

/** Secrets that are computed from what they belong to, and so need not be stored. */
export interface DerivedSecrets {
  /** base64url, 43 characters, under the current secret. */
  of(value: string): string
  /** Whether it is the secret of `value` under the current or a previous secret; constant time. */
  matches(value: string, secret: string): boolean
}

/** @param current of the current secret, @param previous of those before it */
export function createDerivedSecrets(current: DerivedKey, previous: readonly DerivedKey[]): DerivedSecrets {
  const [first, ...others] = [current, ...previous].map(({ bytes }) => createSecretKey(bytes))
  if (!first) throw new TypeError('there is no secret to derive from')
  const derive = (value: string, key: KeyObject) => createHmac('sha256', key).update(value).digest('base64url')
  return {
    of: (value) => derive(value, first),
    matches(value, secret) {
      const shown = Buffer.from(secret)
      const equal = [first, ...others].map((key) => {
        const expected = Buffer.from(derive(value, key))
        return shown.length === expected.length && timingSafeEqual(shown, expected)
      })
      return equal.includes(true)
    },
  }
}
