import { defined } from '../base/defined.ts'
import { isObject } from '../base/json.ts'
import { rs256 } from './algorithms.ts'
import { parseAuthorization } from './authorization-header.ts'
import { audienceIs, checkTimes } from './claims.ts'
import { type Members, parseJwt, Refused } from './jwt.ts'
import { createVerificationKeys, type PublicKeys } from './verification-keys.ts'
import { createVerifiedTokens, maximumTokenLength } from './verified-tokens.ts'

/** The claims of a verified access token (RFC 9068 §2.2, plus ours). */
export interface AccessToken {
  readonly sub: string
  readonly clientId: string
  readonly scope: readonly string[]
  /** Scopes that the user declined: the client is not offered tools that need them, and is not told to ask for them. */
  readonly leftOut?: readonly string[]
  readonly email?: string
  readonly emailVerified?: boolean
  readonly organization?: { readonly id?: string; readonly name?: string }
  /** What claims of the OpenID Provider say about the user's role. Absent where no claim decides. */
  readonly roleMarks?: readonly string[]
  /** When the provider said who the user is, in seconds since the epoch. Only where the service has roles. */
  readonly identifiedAt?: number
  /** The name of the provider at which the person signed in. Absent: the default provider. */
  readonly provider?: string
  /** Key of the grant in the store. */
  readonly grant: string
  /** The code of the attempt that made the grant. Absent in tokens of earlier releases. */
  readonly attempt?: string
  readonly jti: string
  /** The thumbprint of the key to which the token is bound (RFC 9449 §6.1). Absent: it is a bearer token. */
  readonly jkt?: string
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
      /** The `leftOut` of a token that has expired. */
      readonly leftOut?: readonly string[]
    }
  | {
      readonly kind: 'valid'
      readonly token: AccessToken
      /** The text of the token. */
      readonly text: string
      /** The scheme that the request used. The caller checks whether the token may be used with it. */
      readonly scheme: 'bearer' | 'dpop'
    }

export interface BearerVerifier {
  /** Verifies the token of a request. Throws `StoreUnavailable` when the keys cannot be read: 503, never 401. */
  verify(request: Request, signal: AbortSignal): Promise<Outcome>
}

export interface BearerVerifierOptions {
  readonly issuer: string
  /** The canonical resource identifier, the only audience that is accepted. */
  readonly resource: string
  readonly publicKeys: PublicKeys
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

const maximumKidLength = 128
const clockTolerance = 5
const algorithms = new Map<unknown, typeof rs256>([['RS256', rs256]])

/**
 * Verifies our own access tokens with no I/O (S-07, RFC 9068 §4): RS256 and `at+jwt` only, exact issuer, exactly one
 * audience, times with 5 s of tolerance. A verified token is remembered until it expires; failures are not.
 */
export function createBearerVerifier(options: BearerVerifierOptions): BearerVerifier {
  const { issuer, resource, publicKeys, now = Date.now } = options
  const verified = createVerifiedTokens<AccessToken>({ now, clockTolerance })
  const keys = createVerificationKeys({ publicKeys, now, onWithdrawn: () => verified.clear() })

  async function verifySignatureAndClaims(token: string, signal: AbortSignal): Promise<AccessToken> {
    const jwt = parseJwt(token, algorithms)
    const { typ, kid } = jwt.header
    // Checked before the key is looked up, so that an ID token or junk causes no read of the store.
    if (typeof typ !== 'string' || !/^(application\/)?at\+jwt$/i.test(typ)) throw new Refused('typ')
    if (typeof kid !== 'string' || kid === '' || kid.length > maximumKidLength) throw new Refused('kid')
    const key = await keys.find(kid, jwt.algorithm, () => issuedAt(jwt.claims()), signal)
    if (key === null) throw new Refused('unknown kid')
    if (!jwt.isSignedBy(key)) throw new Refused('signature')
    return readClaims(jwt.claims(), { issuer, resource, now: now() / 1000 })
  }

  /** Returns when the token claims to have been issued. This is not verified yet. Throws `Refused` for a future time. */
  function issuedAt({ iat }: Members): number {
    if (typeof iat !== 'number' || iat > now() / 1000 + clockTolerance) throw new Refused('claim iat')
    return iat
  }

  return {
    async verify(request, signal) {
      const credentials = parseAuthorization(request.headers.get('authorization'))
      if (credentials.kind === 'none') return { kind: 'anonymous' }
      if (credentials.kind === 'several') return { kind: 'malformed', reason: credentials.reason }
      if (credentials.kind === 'no token') return invalid('no token')
      const { kind: scheme, token: text } = credentials
      if (text.length > maximumTokenLength) return invalid('too long')
      const known = await verified.find(text, () => keys.notice(signal))
      if (known !== undefined) return { kind: 'valid', token: known, text, scheme }
      try {
        const token = await verifySignatureAndClaims(text, signal)
        verified.add(text, token)
        return { kind: 'valid', token, text, scheme }
      } catch (error) {
        return refusal(error)
      }
    },
  }
}

/** The refusal of a token that has expired. The client may learn that, and which scopes not to ask for again. */
class Expired extends Refused {
  readonly leftOut: readonly string[]

  constructor(leftOut: readonly string[]) {
    super('expired')
    this.leftOut = leftOut
  }
}

/** Makes the outcome for a token that was refused. Throws every other error again. */
function refusal(error: unknown): Outcome {
  if (error instanceof Expired) return invalid(error.message, 'The access token has expired', error.leftOut)
  if (error instanceof Refused) return invalid(error.message)
  throw error
}

/** The client learns only whether the token has expired. More would help only a forger. */
function invalid(reason: string, description = 'The access token is invalid', leftOut?: readonly string[]): Outcome {
  return defined({ kind: 'invalid' as const, reason, description, leftOut })
}

function leftOutOf(claims: Members): readonly string[] {
  return optionalText(claims, 'scope_left_out')?.split(' ') ?? []
}

/** Checks and reads the claims of a token whose signature is good. `now` in seconds since the epoch. Throws `Refused`. */
function readClaims(
  claims: Members,
  { issuer, resource, now }: { readonly issuer: string; readonly resource: string; readonly now: number },
): AccessToken {
  const { iss, aud, iat, exp, nbf } = claims
  if (iss !== issuer) throw new Refused('claim iss')
  // RFC 9068 allows a list. A token that is also for another server is not accepted (S-07, S-08).
  if (!audienceIs(aud, [resource])) throw new Refused('claim aud')
  if (typeof iat !== 'number' || typeof exp !== 'number') throw new Refused('claim iat')
  if (checkTimes({ iat, exp, nbf }, now, clockTolerance) === 'expired') throw new Expired(leftOutOf(claims))
  const emailVerified = claims.email_verified
  if (emailVerified !== undefined && typeof emailVerified !== 'boolean') throw new Refused('claim email_verified')
  const id = optionalText(claims, 'org_id')
  const name = optionalText(claims, 'org_name')
  return defined({
    sub: text(claims, 'sub'),
    clientId: text(claims, 'client_id'),
    scope: text(claims, 'scope').split(' '),
    leftOut: claims.scope_left_out === undefined ? undefined : leftOutOf(claims),
    email: optionalText(claims, 'email'),
    emailVerified,
    organization: id === undefined && name === undefined ? undefined : defined({ id, name }),
    roleMarks: textsOf(claims.role_marks),
    identifiedAt: typeof claims.identified_at === 'number' ? claims.identified_at : undefined,
    provider: optionalText(claims, 'idp'),
    grant: text(claims, 'grant'),
    attempt: optionalText(claims, 'attempt'),
    jti: text(claims, 'jti'),
    jkt: keyIn(claims),
    expiresAt: exp,
  })
}

const textsOf = (value: unknown) =>
  Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined

/** Returns the key of a bound token. Throws `Refused` for every other kind of confirmation, which cannot be checked here. */
function keyIn({ cnf }: Members): string | undefined {
  if (cnf === undefined) return undefined
  if (isObject(cnf)) return text(cnf, 'jkt')
  throw new Refused('claim cnf')
}

function text(claims: Members, name: string): string {
  const value = optionalText(claims, name)
  if (value === undefined) throw new Refused(`claim ${name}`)
  return value
}

function optionalText(claims: Members, name: string): string | undefined {
  const value = claims[name]
  if (value === undefined || value === '') return undefined
  if (typeof value === 'string') return value
  throw new Refused(`claim ${name}`)
}
