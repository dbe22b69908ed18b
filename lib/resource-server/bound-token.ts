import { digestOf, type Proof, ProofRefused, readProof } from '../dpop/proof.ts'
import type { SpendProof } from '../dpop/spend.ts'
import type { AccessToken } from './bearer.ts'

/** A verified access token, as a request presents it. */
export interface Presented {
  readonly token: AccessToken
  /** The text of the token. */
  readonly text: string
  readonly scheme: 'bearer' | 'dpop'
}

/** Why a request with a token is refused: `description` is for the client. */
export interface BindingRefused {
  readonly error: 'invalid_token' | 'invalid_dpop_proof'
  readonly description: string
}

/**
 * Checks a body against the proof of its request. Returns a refusal, or `null`. Throws `StoreUnavailable`.
 *
 * @param once the request changes something, so its proof must be new
 */
export type CheckBody = (body: Uint8Array, once: boolean, signal: AbortSignal) => Promise<BindingRefused | null>

/**
 * Checks that the client of a request holds the key to which its token is bound (RFC 9449 §7.1). All of the proof is checked except
 * what it says about the body, which has not arrived. Does no I/O.
 *
 * A proof with `content_digest` covers one body (MCP's DPoP profile): repeated, it only repeats that request. A proof without it,
 * as RFC 9449 alone describes it, must be new, and so must every proof of a request that changes something (RFC 9449 §11.1).
 *
 * @param url the URL of the resource, as clients know it
 * @param now milliseconds since the epoch
 */
export function checkBinding(
  request: Request,
  { token, text, scheme }: Presented,
  { url, now, spendProof }: { readonly url: string; readonly now: number; readonly spendProof: SpendProof | undefined },
): BindingRefused | CheckBody {
  const { jkt } = token
  if (jkt === undefined) return refusedToken('The access token is not bound to a key: send it as a Bearer token')
  if (scheme === 'bearer') return refusedToken('The access token is bound to a key: send it with a DPoP proof')
  try {
    const header = request.headers.get('dpop')
    const proof = readProof(header, { method: request.method, url, accessToken: text, now })
    if (proof.jkt !== jkt) throw new ProofRefused('the proof is of another key than the access token')
    return checkBodyOf(proof, spendProof)
  } catch (error) {
    if (error instanceof ProofRefused) return refusedProof(error.message)
    throw error
  }
}

function checkBodyOf(proof: Proof, spendProof: SpendProof | undefined): CheckBody {
  return async (body, once, signal) => {
    const { contentDigest } = proof
    if (contentDigest === undefined && !spendProof) return refusedProof('the proof needs a content_digest')
    if (contentDigest !== undefined && contentDigest !== digestOf(body)) {
      return refusedProof('the content_digest of the proof is not that of the body')
    }
    const mustBeNew = once || contentDigest === undefined
    if (!mustBeNew || !spendProof || (await spendProof(proof, signal))) return null
    return refusedProof('the proof has been used before')
  }
}

const refusedToken = (description: string): BindingRefused => ({ error: 'invalid_token', description })
const refusedProof = (description: string): BindingRefused => ({ error: 'invalid_dpop_proof', description })
