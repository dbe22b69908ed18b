import { hash } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import * as v from 'valibot'
import { parseAuthorization } from './authorization-header.ts'
import { createVerificationKeys, type PublicKeys } from './verification-keys.ts'

/** The claims of a verified access token (RFC 9068 §2.2, plus ours). */
export interface AccessToken {
  readonly sub: string
  readonly clientId: string
  readonly scope: readonly string[]
  readonly email?: string
  readonly emailVerified?: boolean
  readonly organization?: { readonly id?: string; readonly name?: string }
  /** Key of the grant in the store. */
  readonly grant: string
  readonly jti: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

export type Outcome =
  | { readonly kind: 'anonymous' }
  /** 400 `invalid_request` */
  | { readonly kind: 'malformed'; readonly reason: string }
  /** 401 `invalid_token`: `reason` is for the log, `description` for the client. */
  | { readonly kind: 'invalid'; readonly reason: string; readonly description: string }
  | { readonly kind: 'valid'; readonly token: AccessToken }

export interface BearerVerifier {
  /** Throws `StoreUnavailable` when the keys cannot be read: 503, never 401 (peers 1d). */
  verify(request: Request, signal: AbortSignal): Promise<Outcome>
}

export interface BearerVerifierOptions {
  readonly issuer: string
  /** The canonical resource identifier: the one and only audience that is accepted. */
  readonly resource: string
  readonly publicKeys: PublicKeys
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

const maximumTokenLength = 8 * 1024
const maximumKidLength = 128
const clockTolerance = 5
const maximumCachedTokens = 1_000

const text = v.pipe(v.string(), v.minLength(1))
const Claims = v.object({
  sub: text,
  client_id: text,
  jti: text,
  scope: v.string(),
  grant: text,
  iat: v.number(),
  exp: v.number(),
  email: v.optional(text),
  email_verified: v.optional(v.boolean()),
  org_id: v.optional(text),
  org_name: v.optional(text),
})

/**
 * Verifies our own access tokens with no I/O (S-07, RFC 9068 §4): RS256 and `at+jwt` only, exact issuer, exactly one
 * audience, times with 5 s of tolerance. A token that was verified before is answered from memory until it expires;
 * failures are never remembered.
 */
export function createBearerVerifier(options: BearerVerifierOptions): BearerVerifier {
  const { issuer, resource, publicKeys, now = Date.now } = options
  const verified = new Map<string, AccessToken>()
  const keys = createVerificationKeys({ publicKeys, now, onWithdrawn: () => verified.clear() })

  function remembered(digest: string): AccessToken | undefined {
    const token = verified.get(digest)
    if (token === undefined) return undefined
    if (token.expiresAt + clockTolerance > now() / 1000) return token
    verified.delete(digest)
    return undefined
  }

  function remember(digest: string, token: AccessToken): void {
    const oldest = verified.size < maximumCachedTokens ? undefined : verified.keys().next().value
    if (oldest !== undefined) verified.delete(oldest)
    verified.set(digest, token)
  }

  async function verifySignatureAndClaims(token: string, signal: AbortSignal): Promise<AccessToken | Refusal> {
    const named = keyNamedBy(token)
    if (named instanceof Refusal) return named
    const key = await keys.find(named.kid, named.issuedAt, signal)
    if (key === null) return new Refusal('unknown kid')
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['RS256'],
        typ: 'at+jwt',
        issuer,
        audience: resource,
        clockTolerance,
        currentDate: new Date(now()),
      })
      return readClaims(payload, resource, now() / 1000)
    } catch (error) {
      if (error instanceof errors.JWTExpired) return new Refusal('expired', 'The access token has expired')
      if (error instanceof errors.JWTClaimValidationFailed) return new Refusal(`claim ${error.claim}`)
      if (error instanceof errors.JOSEError) return new Refusal(error.code)
      throw error
    }
  }

  return {
    async verify(request, signal) {
      const credentials = parseAuthorization(request.headers.get('authorization'))
      if (credentials.kind === 'none') return { kind: 'anonymous' }
      if (credentials.kind === 'malformed') return credentials
      if (credentials.token.length > maximumTokenLength) return new Refusal('too long').outcome
      const digest = hash('sha256', credentials.token, 'base64')
      const known = remembered(digest)
      if (known !== undefined) return { kind: 'valid', token: known }
      const token = await verifySignatureAndClaims(credentials.token, signal)
      if (token instanceof Refusal) return token.outcome
      remember(digest, token)
      return { kind: 'valid', token }
    },
  }
}

/** Why a token is not accepted. The client learns no more than whether it expired: the rest would help only a forger. */
class Refusal {
  readonly outcome: Outcome

  constructor(reason: string, description = 'The access token is invalid') {
    this.outcome = { kind: 'invalid', reason, description }
  }
}

/** What is seen before any key is looked for: an ID token or junk costs neither a read nor a signature. */
function keyNamedBy(token: string): { kid: string; issuedAt: number } | Refusal {
  try {
    const { alg, typ, kid } = decodeProtectedHeader(token)
    if (alg !== 'RS256') return new Refusal('alg')
    if (typ === undefined || !/^(application\/)?at\+jwt$/i.test(typ)) return new Refusal('typ')
    if (typeof kid !== 'string' || kid === '' || kid.length > maximumKidLength) return new Refusal('kid')
    const { iat } = decodeJwt(token)
    return { kid, issuedAt: typeof iat === 'number' ? iat : 0 }
  } catch {
    return new Refusal('not a JWT')
  }
}

function readClaims(payload: JWTPayload, resource: string, now: number): AccessToken | Refusal {
  // RFC 9068 lets `aud` be a list; a token meant for somebody else too is not one of ours (S-07, S-08).
  const audiences = [payload.aud].flat()
  if (audiences.length !== 1 || audiences[0] !== resource) return new Refusal('claim aud')
  const claims = v.safeParse(Claims, payload)
  if (!claims.success) return new Refusal(`claim ${v.getDotPath(claims.issues[0]) ?? 'unknown'}`)
  const { sub, client_id, jti, scope, grant, iat, exp, email, email_verified, org_id, org_name } = claims.output
  if (iat > now + clockTolerance || iat >= exp) return new Refusal('claim iat')
  const organization = {
    ...(org_id !== undefined && { id: org_id }),
    ...(org_name !== undefined && { name: org_name }),
  }
  return {
    sub,
    clientId: client_id,
    scope: scope.split(' ').filter((value) => value !== ''),
    ...(email !== undefined && { email }),
    ...(email_verified !== undefined && { emailVerified: email_verified }),
    ...((org_id !== undefined || org_name !== undefined) && { organization }),
    grant,
    jti,
    expiresAt: exp,
  }
}
