import { randomBytes } from 'node:crypto'

export const secretForm = '43 or more random characters of base64url: make one with npm run secret'

/**
 * Decodes a secret: 32 or more random bytes in base64url. `null` for everything else. A passphrase is refused, because a
 * client that registers receives a value signed with the secret and could guess a passphrase offline.
 */
export function parseSecret(text: string): Uint8Array | null {
  const isRandom = /[a-z]/.test(text) && /[A-Z]/.test(text) && /[0-9]/.test(text) && new Set(text).size >= 20
  return isRandom && /^[A-Za-z0-9_-]{43,}$/.test(text) ? new Uint8Array(Buffer.from(text, 'base64url')) : null
}

/** Whether a text is a secret of the same form, for a token that is compared as text. */
export const isSecret = (text: string): boolean => parseSecret(text) !== null

export const webhookSecretForm = '"whsec_" and 24 to 64 random bytes in base64, as Standard Webhooks writes a secret'

/** Decodes a secret of Standard Webhooks. `null` for everything else. */
export function parseWebhookSecret(text: string): Uint8Array | null {
  const [, base64 = ''] = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/.exec(text) ?? []
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'))
  return bytes.length >= 24 && bytes.length <= 64 && new Set(base64).size >= 16 ? bytes : null
}

/** Returns a new secret. */
export function newSecret(): string {
  for (;;) {
    const secret = randomBytes(32).toString('base64url')
    if (parseSecret(secret) !== null) return secret
  }
}

export const tokenForm = '32 or more random characters of a bearer token: make one with npm run secret'

/**
 * Checks that a token is a bearer token (RFC 6750 §2.1), long and mixed enough that guessing it is hopeless even from many
 * addresses.
 */
export function isStrongToken(token: string): boolean {
  const mixed = /\d/.test(token) || (/[a-z]/.test(token) && /[A-Z]/.test(token))
  return /^[\w.~+/-]{32,}=*$/.test(token) && mixed && new Set(token).size >= 10 && !isRepeated(token)
}

/** Whether a token is a shorter text repeated: such a token occurs in its own double before the end. */
const isRepeated = (token: string) => (token + token).indexOf(token, 1) < token.length
