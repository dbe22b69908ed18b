import { ProofRefused, readProof } from '../../dpop/proof.ts'
import { OAuthError } from '../errors.ts'
import type { Binding } from '../token/bound-key.ts'

/**
 * Reads the key that signed the DPoP proof of a token request (RFC 9449 §5). Its `jti` is not kept. To repeat a proof, an
 * attacker also needs the code with its verifier, or the refresh token. The tokens are then bound to the key of the proof, which
 * the attacker does not have. Throws `OAuthError`.
 *
 * @param now milliseconds since the epoch
 */
export function bindingOf(request: Request, issuer: string, now: number): Binding {
  const { pathname } = new URL(request.url)
  try {
    const { jkt } = readProof(request.headers.get('dpop'), { method: request.method, url: issuer + pathname, now })
    return { jkt }
  } catch (error) {
    if (error instanceof ProofRefused) throw new OAuthError('invalid_dpop_proof', error.message)
    throw error
  }
}
