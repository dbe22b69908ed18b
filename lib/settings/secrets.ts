import { randomBytes } from 'node:crypto'

/**
 * Decodes a secret, or says what is wrong with it. 32 random bytes or more, base64url. Whoever registers one client
 * holds a value signed with it and could guess a passphrase offline, so that what looks like one is refused.
 */
export function parseSecret(text: string): Uint8Array | string {
  if (!/^[A-Za-z0-9_-]{43,}$/.test(text)) return 'must be base64url, 43 characters or more'
  if (!/[a-z]/.test(text) || !/[A-Z]/.test(text) || !/[0-9]/.test(text) || new Set(text).size < 20) {
    return 'does not look random'
  }
  return new Uint8Array(Buffer.from(text, 'base64url'))
}

/** A new secret. */
export function newSecret(): string {
  for (;;) {
    const secret = randomBytes(32).toString('base64url')
    if (typeof parseSecret(secret) !== 'string') return secret
  }
}
