import { hash, timingSafeEqual } from 'node:crypto'

/** RFC 7636 §4.1: 43 to 128 unreserved characters. */
const verifierForm = /^[A-Za-z0-9\-._~]{43,128}$/

/** The form of an S256 challenge: base64url of 32 bytes (RFC 7636 §4.2). */
export const challengeForm = /^[A-Za-z0-9\-_]{43}$/

/** Whether `verifier` belongs to the S256 `challenge`. Takes constant time. */
export function verifyCodeVerifier(verifier: string, challenge: string): boolean {
  if (!verifierForm.test(verifier)) return false
  const computed = Buffer.from(hash('sha256', verifier, 'base64url'))
  const expected = Buffer.from(challenge)
  return computed.length === expected.length && timingSafeEqual(computed, expected)
}
