import { hash } from 'node:crypto'
import { decodeJwt, errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose'
import { BoundedMap } from '../base/bounded-map.ts'
import { parseAuthorization } from './authorization-header.ts'
import { createVerificationKeys, type PublicKeys } from './verification-keys.ts'

/** The claims of a verified access token (RFC 9068 §2.2, plus ours). */
export interface AccessToken {
  readonly sub: string
  readonly clientId: string
  readonly scope: readonly string[]
  /** Scopes that the person has left out: the client is neither shown what takes them nor told to ask for them. */
  readonly leftOut?: readonly string[]
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
  /** 400 `invalid_request`: several credentials. */
  | { readonly kind: 'malformed'; readonly reason: string }
  /** 401 `invalid_token`: `reason` is for the log, `description` for the client. */
  | {
      readonly kind: 'invalid'
      readonly reason: string
      readonly description: string
      /** As in `AccessToken`, of one that has expired. */
      readonly leftOut?: readonly string[]
    }
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

/**
 * Verifies our own access tokens with no I/O (S-07, RFC 9068 §4): RS256 and `at+jwt` only, exact issuer, exactly one
 * audience, times with 5 s of tolerance. A token that was verified before is answered from memory until it expires;
 * failures are never remembered.
 */
export function createBearerVerifier(options: BearerVerifierOptions): BearerVerifier {
  const { issuer, resource, publicKeys, now = Date.now } = options
  const verified = new BoundedMap<string, AccessToken>(maximumCachedTokens)
  const keys = createVerificationKeys({ publicKeys, now, onWithdrawn: () => verified.clear() })

  function remembered(digest: string): AccessToken | undefined {
    const token = verified.get(digest)
    if (token === undefined) return undefined
    if (token.expiresAt + clockTolerance > now() / 1000) return token
    verified.delete(digest)
    return undefined
  }

  async function verifySignatureAndClaims(token: string, signal: AbortSignal): Promise<AccessToken> {
    const { payload } = await jwtVerify(token, (header) => keyFor(header, token, signal), {
      algorithms: ['RS256'],
      typ: 'at+jwt',
      issuer,
      audience: resource,
      clockTolerance,
      currentDate: new Date(now()),
    })
    return readClaims(payload, resource, now() / 1000)
  }

  /** `jose` has checked `alg` by now; `typ` is checked here too, so that an ID token or junk costs no look for its key. */
  async function keyFor({ typ, kid }: JWTHeaderParameters, token: string, signal: AbortSignal): Promise<CryptoKey> {
    if (typ === undefined || !/^(application\/)?at\+jwt$/i.test(typ)) throw new Refused('typ')
    if (typeof kid !== 'string' || kid === '' || kid.length > maximumKidLength) throw new Refused('kid')
    const key = await keys.find(kid, () => issuedAt(token), signal)
    if (key === null) throw new Refused('unknown kid')
    return key
  }

  /** Before anything is verified: when the token says it was issued. Throws `Refused` for what cannot be true. */
  function issuedAt(token: string): number {
    const { iat } = decodeJwt(token)
    if (typeof iat !== 'number' || iat > now() / 1000 + clockTolerance) throw new Refused('claim iat')
    return iat
  }

  return {
    async verify(request, signal) {
      const credentials = parseAuthorization(request.headers.get('authorization'))
      if (credentials.kind === 'none') return { kind: 'anonymous' }
      if (credentials.kind === 'several') return { kind: 'malformed', reason: credentials.reason }
      if (credentials.kind === 'no token') return invalid('no token')
      if (credentials.token.length > maximumTokenLength) return invalid('too long')
      const digest = hash('sha256', credentials.token, 'base64')
      // The key of a token in memory may have been withdrawn since, by an operator who means it (O-09).
      if (verified.has(digest)) await keys.notice(signal)
      const known = remembered(digest)
      if (known !== undefined) return { kind: 'valid', token: known }
      try {
        const token = await verifySignatureAndClaims(credentials.token, signal)
        verified.set(digest, token)
        return { kind: 'valid', token }
      } catch (error) {
        return refusal(error)
      }
    },
  }
}

/** Why a token is not accepted, where `jose` has no error for it. */
class Refused extends Error {
  override readonly name = 'Refused'
}

/** Rethrows what is not the token's fault. */
function refusal(error: unknown): Outcome {
  if (error instanceof Refused) return invalid(error.message)
  if (error instanceof errors.JWTExpired)
    return invalid('expired', 'The access token has expired', leftOutOf(error.payload))
  if (error instanceof errors.JWTClaimValidationFailed) return invalid(`claim ${error.claim}`)
  if (error instanceof errors.JOSEError) return invalid(error.code)
  throw error
}

/** The client learns no more than whether the token expired: the rest would help only a forger. */
function invalid(reason: string, description = 'The access token is invalid', leftOut?: readonly string[]): Outcome {
  return { kind: 'invalid', reason, description, ...(leftOut && { leftOut }) }
}

function leftOutOf(payload: JWTPayload): readonly string[] {
  return optionalText(payload, 'scope_left_out')?.split(' ') ?? []
}

function readClaims(payload: JWTPayload, resource: string, now: number): AccessToken {
  const { aud, iat, exp } = payload
  // RFC 9068 lets `aud` be a list; a token meant for somebody else too is not one of ours (S-07, S-08).
  if (aud !== resource && !(Array.isArray(aud) && aud.length === 1)) throw new Refused('claim aud')
  if (iat === undefined || exp === undefined || iat > now + clockTolerance || iat >= exp) throw new Refused('claim iat')
  const email = optionalText(payload, 'email')
  const emailVerified = payload.email_verified
  if (emailVerified !== undefined && typeof emailVerified !== 'boolean') throw new Refused('claim email_verified')
  const id = optionalText(payload, 'org_id')
  const name = optionalText(payload, 'org_name')
  return {
    sub: text(payload, 'sub'),
    clientId: text(payload, 'client_id'),
    scope: text(payload, 'scope').split(' '),
    ...(payload.scope_left_out !== undefined && { leftOut: leftOutOf(payload) }),
    ...(email !== undefined && { email }),
    ...(emailVerified !== undefined && { emailVerified }),
    ...((id !== undefined || name !== undefined) && {
      organization: { ...(id !== undefined && { id }), ...(name !== undefined && { name }) },
    }),
    grant: text(payload, 'grant'),
    jti: text(payload, 'jti'),
    expiresAt: exp,
  }
}

function text(payload: JWTPayload, claim: string): string {
  const value = optionalText(payload, claim)
  if (value === undefined) throw new Refused(`claim ${claim}`)
  return value
}

function optionalText(payload: JWTPayload, claim: string): string | undefined {
  const value = payload[claim]
  if (value === undefined || value === '') return undefined
  if (typeof value === 'string') return value
  throw new Refused(`claim ${claim}`)
}
