import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'

const ivLength = 12
const tagLength = 16

/**
 * Seals a text with AES-256-GCM. `record`, the key of the record that will hold it, is additional data, so a sealed text opens only in
 * the record that it was made for.
 */
export function sealText(text: string, record: string, secret: KeyObject): string {
  const iv = randomBytes(ivLength)
  const cipher = createCipheriv('aes-256-gcm', secret, iv).setAAD(Buffer.from(record))
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return [iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString('base64url')).join('.')
}

/** Returns `null` unless `sealText` made this for `record` under this secret. */
export function openText(sealed: string, record: string, secret: KeyObject): string | null {
  const parts = sealed.split('.')
  const [iv, ciphertext, tag] = parts.map((part) => Buffer.from(part, 'base64url'))
  if (parts.length !== 3 || iv?.length !== ivLength || tag?.length !== tagLength || !ciphertext) return null
  const decipher = createDecipheriv('aes-256-gcm', secret, iv).setAAD(Buffer.from(record)).setAuthTag(tag)
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}
