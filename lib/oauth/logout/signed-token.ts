import * as v from 'valibot'
import { isObject, jsonOf, utf8 } from '../../base/json.ts'

/** Why a token that the provider should have signed was refused. For the log: the caller is not told which check failed. */
export type TokenFault =
  | 'malformed'
  | 'algorithm'
  | 'critical-header'
  | 'type'
  | 'claims'
  | 'issuer'
  | 'audience'
  | 'time'
  | 'nonce'
  | 'event'
  | 'subject'
  | 'signature'
  | 'used'

export class TokenRefused extends Error {
  override readonly name = 'TokenRefused'
  readonly fault: TokenFault

  constructor(fault: TokenFault) {
    super(`the token is refused: ${fault}`)
    this.fault = fault
  }
}

const time = v.pipe(v.number(), v.finite(), v.minValue(0))

const Claims = v.looseObject({
  iss: v.string(),
  aud: v.union([v.string(), v.array(v.string())]),
  iat: time,
  exp: time,
  nbf: v.optional(time),
  jti: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
})
export type SignedClaims = v.InferOutput<typeof Claims>

/** What a token must say before its signature is looked at. */
export interface ExpectedToken {
  /** The one `typ` of such tokens. Tokens without a `typ`, and with the general `JWT`, are accepted too. */
  readonly type: string
  /** The issuer, as the operator has configured it. */
  readonly issuer: string
  /** One of these must be in `aud`. */
  readonly audiences: readonly string[]
}

/** Characters. The tokens of providers have some hundreds. */
const longest = 8_192
/** Seconds since the token was issued. */
const oldest = 300
/** Seconds that the clock of the provider may be ahead or behind. */
const clockDifference = 60

/**
 * Reads a token and makes every check that needs no key, so that a forged token costs next to nothing: no store, no request to the
 * provider, no signature. Throws `TokenRefused`. `now` is in milliseconds since the epoch.
 */
export function readToken(token: string, expected: ExpectedToken, now: number): SignedClaims {
  const parts = token.split('.')
  const [header, claims] = [jsonPart(parts[0]), jsonPart(parts[1])]
  if (token.length > longest || parts.length !== 3 || !header || !claims) throw new TokenRefused('malformed')
  if (header.alg !== 'RS256') throw new TokenRefused('algorithm')
  // RFC 7515 §4.1.11: this server understands no extension.
  if ('crit' in header) throw new TokenRefused('critical-header')
  if (!isType(header.typ, expected.type)) throw new TokenRefused('type')
  const parsed = v.safeParse(Claims, claims)
  if (!parsed.success) throw new TokenRefused('claims')
  const { iss, aud, iat, exp, nbf = iat } = parsed.output
  if (!isSameIssuer(iss, expected.issuer)) throw new TokenRefused('issuer')
  if (![aud].flat().some((one) => expected.audiences.includes(one))) throw new TokenRefused('audience')
  const seconds = now / 1000
  const isCurrent =
    iat >= seconds - oldest &&
    exp > seconds - clockDifference &&
    exp > iat &&
    Math.max(iat, nbf) <= seconds + clockDifference
  if (!isCurrent) throw new TokenRefused('time')
  return parsed.output
}

/** Until when a token could be accepted, in whole seconds since the epoch. Its id must be remembered until then. */
export const acceptedUntil = ({ iat, exp }: SignedClaims): number =>
  Math.ceil(Math.min(iat + oldest, exp + clockDifference))

/** Whether two texts name the same issuer. They may differ by the slash of an empty path. */
export function isSameIssuer(one: string, other: string): boolean {
  return one === other || (URL.canParse(one) && URL.parse(one)?.href === URL.parse(other)?.href)
}

function isType(typ: unknown, type: string): boolean {
  if (typ === undefined) return true
  const name = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : ''
  return name === 'jwt' || name === type
}

/** Reads a part of a JWT: a JSON object in strict UTF-8. */
function jsonPart(part: string | undefined): Readonly<Record<string, unknown>> | null {
  const value = jsonOf(utf8(Buffer.from(part ?? '', 'base64url')) ?? '')
  return isObject(value) ? value : null
}
