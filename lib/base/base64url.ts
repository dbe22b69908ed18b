/**
 * Decodes base64url without padding (RFC 4648 §5). Returns `null` for any other text, such as a second spelling of the same
 * bytes: with two spellings a token could be changed and still be valid.
 */
export function decodeBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : null
}
