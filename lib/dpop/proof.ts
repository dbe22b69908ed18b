import { hash } from 'node:crypto'
import { decodeBase64url } from '../base/base64url.ts'
import { isObject, jsonOf, utf8 } from '../base/json.ts'
import { sha256 } from '../base/sha256.ts'
import { proofAlgorithms } from './algorithms.ts'
import { readProofKey } from './proof-key.ts'

/** A DPoP proof whose signature and claims are good for one request. */
export interface Proof {
  /** The thumbprint of the key that signed it. */
  readonly jkt: string
  readonly jti: string
  /** The digest of the body that it covers, in the form of `digestOf`. Absent: it says nothing about a body. */
  readonly contentDigest: string | undefined
  /** When it is too old everywhere, in seconds since the epoch. */
  readonly endsAt: number
}

/** A proof is refused. The message is for the developer of the client, and repeats nothing of the proof. */
export class ProofRefused extends Error {
  override readonly name = 'ProofRefused'
}

/** The request that a proof must be about. */
export interface ProvenRequest {
  readonly method: string
  /** The URL of the endpoint as clients know it. */
  readonly url: string
  /** The access token of the request. Absent at the token endpoint. */
  readonly accessToken?: string
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Characters. A proof of the largest key, RSA with 4096 bits, has 2,400. */
const longestProof = 4096
const longestJti = 256
/** Seconds that a proof may be older or newer than our clock (MCP's DPoP profile, "Proof Validity Window"). */
const window = 300
/** Seconds that the clocks of two instances may differ. */
const skew = 60

/**
 * Reads the `DPoP` header of a request (RFC 9449 §4.3). Does no I/O, and no cryptography before all claims are right. Throws
 * `ProofRefused`.
 */
export function readProof(header: string | null, request: ProvenRequest): Proof {
  if (!header) throw new ProofRefused('a DPoP proof is required')
  if (header.length > longestProof) throw new ProofRefused('the proof is too long')
  // `Headers` joins the values of a repeated header by a comma.
  if (/[\s,]/.test(header)) throw new ProofRefused('the DPoP header must hold one proof')
  const [protectedHeader = '', payload = '', signature = '', more] = header.split('.')
  const { typ, alg, jwk, crit } = objectIn(protectedHeader)
  if (more !== undefined || typ !== 'dpop+jwt') throw new ProofRefused('the proof must be a JWT with typ dpop+jwt')
  // RFC 7515 §4.1.11: no extension is known here.
  if (crit !== undefined) throw new ProofRefused('the proof requires an extension')
  const algorithm = proofAlgorithms.find((name) => name === alg)
  if (!algorithm) throw new ProofRefused(`the alg of the proof must be one of ${proofAlgorithms.join(', ')}`)
  const key = readProofKey(jwk, algorithm)
  if (!key) throw new ProofRefused('the jwk of the proof must be a public key that fits its alg')
  const proof = claimsIn(payload, request)
  const bytes = decodeBase64url(signature)
  if (!bytes || !key.isSignerOf(`${protectedHeader}.${payload}`, bytes)) {
    throw new ProofRefused('the proof is not signed by its jwk')
  }
  return { jkt: key.jkt, ...proof }
}

/** Checks the claims of a proof that are about the request. Throws `ProofRefused`. */
function claimsIn(payload: string, { method, url, accessToken, now }: ProvenRequest): Omit<Proof, 'jkt'> {
  const { jti, htm, htu, iat, exp, nbf, ath, content_digest: contentDigest } = objectIn(payload)
  if (typeof jti !== 'string' || jti === '' || jti.length > longestJti) throw new ProofRefused('the proof needs a jti')
  if (htm !== method) throw new ProofRefused(`the htm of the proof must be ${method}`)
  const target = typeof htu === 'string' ? normalizedUri(htu) : null
  if (target === null || target !== normalizedUri(url)) throw new ProofRefused('the htu of the proof is another URL')
  const seconds = now / 1000
  if (typeof iat !== 'number' || !(Math.abs(seconds - iat) <= window)) {
    throw new ProofRefused(`the iat of the proof must be within ${window} seconds of now`)
  }
  // RFC 7519 §4.1.4, §4.1.5: proofs need neither, but a claim that is there holds.
  if ((exp !== undefined && !(Number(exp) > seconds)) || (nbf !== undefined && !(Number(nbf) <= seconds + skew))) {
    throw new ProofRefused('the proof is not valid now')
  }
  if (accessToken !== undefined && ath !== sha256(accessToken)) {
    throw new ProofRefused('the ath of the proof is not the hash of the access token')
  }
  if (contentDigest !== undefined && typeof contentDigest !== 'string') {
    throw new ProofRefused('the content_digest of the proof must be a text')
  }
  return { jti, contentDigest, endsAt: Math.ceil(iat) + window + skew }
}

function objectIn(part: string): Readonly<Record<string, unknown>> {
  const bytes = decodeBase64url(part)
  const value = bytes && jsonOf(utf8(bytes) ?? '')
  if (isObject(value)) return value
  throw new ProofRefused('the proof must be a JWT with typ dpop+jwt')
}

/** The `content_digest` of a body, in the form of RFC 9530 §2. */
export const digestOf = (body: Uint8Array): string => `sha-256=:${hash('sha256', body, 'base64')}:`

/**
 * Normalizes a URL by its syntax and its scheme (RFC 3986 §6.2.2, §6.2.3), without its query and fragment, as RFC 9449 §4.3
 * compares URLs. Returns `null` for text that `URL` would silently turn into another URL.
 */
export function normalizedUri(text: string): string | null {
  const url = /^https?:\/\/[!#-[\]-~]+$/i.test(text) ? URL.parse(text) : null
  if (!url?.host || url.username !== '' || url.password !== '') return null
  const path = url.pathname.replace(/%[0-9a-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
    return /[\w.~-]/.test(character) ? character : encoded.toUpperCase()
  })
  return url.origin + path
}
