import { anyKey } from '../capabilities.ts'
import { OAuthError } from '../errors.ts'

/** The key of the client that proved itself in a token request (RFC 9449). */
export interface Binding {
  /** The thumbprint of the key (RFC 7638). */
  readonly jkt: string
}

/**
 * Throws `OAuthError` if a request lacks the proof that its code or refresh token requires. The error is never `invalid_grant`,
 * after which clients discard a good refresh token (T-05).
 *
 * @param key a thumbprint, `anyKey`, or `undefined` where nothing is required
 */
export function requireKey(key: string | undefined, binding: Binding | undefined): void {
  if (key === undefined || key === binding?.jkt || (key === anyKey && binding)) return
  throw new OAuthError('invalid_dpop_proof', `this needs a DPoP proof${binding ? ' of another key' : ''}`)
}
