import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import * as v from 'valibot'
import { defined } from '../../base/defined.ts'
import { capabilities } from '../capabilities.ts'
import type { ClientKey } from '../clients/client-keys.ts'
import { OAuthError } from '../errors.ts'

/** The content of an assertion whose signature has not been verified yet. */
export type UnverifiedAssertion = ReturnType<typeof readAssertion>

const LONGEST = 16_384

/** Seconds: the longest remaining life, the greatest age, and the greatest difference of the clocks. */
const LONGEST_LIFE = 300
const OLDEST = 600
const SKEW = 60

/** The types that rfc7523bis §4 and older clients use. */
const types = ['client-authentication+jwt', 'jwt']

const headerSchema = v.object({
  alg: v.picklist(capabilities.tokenEndpointAuthSigningAlgorithms),
  typ: v.optional(v.string()),
  kid: v.optional(v.string()),
})

const claimsSchema = v.object({
  iss: v.string(),
  sub: v.string(),
  // Exactly one: an assertion for several could be used by one of them at another (T-09).
  aud: v.string(),
  exp: v.number(),
  iat: v.optional(v.number()),
  nbf: v.optional(v.number()),
  jti: v.pipe(v.string(), v.minLength(1), v.maxLength(512)),
})

/**
 * Reads a client assertion (RFC 7523 §3; T-09). Checks all that can be checked without the key, so that an assertion that must
 * be refused anyway causes no fetch. Throws `OAuthError`.
 *
 * @param audiences the accepted values of `aud`
 * @param now seconds since the epoch
 */
export function readAssertion(jwt: string, audiences: readonly string[], now: number) {
  if (jwt.length > LONGEST) throw refused('is too long')
  const header = parse(headerSchema, () => decodeProtectedHeader(jwt), 'header')
  if (header.typ !== undefined && !types.includes(header.typ.toLowerCase().replace(/^application\//, ''))) {
    throw refused(`has a typ that is not ${types[0]}`)
  }
  const { iss, sub, aud, exp, iat, nbf, jti } = parse(claimsSchema, () => decodeJwt(jwt), 'claim')
  if (iss !== sub) throw refused('has an iss that is not its sub')
  if (!audiences.includes(aud)) throw refused('has an aud that is not our issuer')
  if (exp <= now - SKEW) throw refused('has expired')
  if (exp > now + LONGEST_LIFE + SKEW) throw refused(`expires more than ${LONGEST_LIFE} seconds from now`)
  if ((iat ?? now) > now + SKEW || (nbf ?? now) > now + SKEW) throw refused('is not valid yet')
  if ((iat ?? now) < now - OLDEST) throw refused(`was issued more than ${OLDEST} seconds ago`)
  const { alg, kid } = header
  /** When the assertion ends, in seconds since the epoch. */
  const endsAt = Math.ceil(exp) + SKEW
  return defined({ jwt, clientId: sub, audience: aud, jti, endsAt, alg, kid, issuedAt: iat })
}

/** Whether one of the keys signed the assertion. `now` is in seconds since the epoch. */
export async function isSignedBy(
  keys: readonly ClientKey[],
  { jwt, clientId, audience, alg }: UnverifiedAssertion,
  now: number,
): Promise<boolean> {
  const claims = { issuer: clientId, subject: clientId, audience, requiredClaims: ['exp', 'jti'] }
  const options = { algorithms: [alg], ...claims, currentDate: new Date(now * 1000), clockTolerance: SKEW }
  for (const key of keys) {
    try {
      await jwtVerify(jwt, { ...key }, options)
      return true
    } catch {
      // A wrong signature or an unusable key. The next key may fit. The client is not told which.
    }
  }
  return false
}

function parse<S extends v.GenericSchema>(schema: S, decode: () => unknown, what: string): v.InferOutput<S> {
  let decoded: unknown
  try {
    decoded = decode()
  } catch {
    throw refused('is not a JWT')
  }
  const { success, output, issues } = v.safeParse(schema, decoded)
  if (!success) throw refused(`has no usable ${what} ${v.getDotPath(issues[0]) ?? ''}`.trimEnd())
  return output
}

const refused = (why: string) => new OAuthError('invalid_client', `client_assertion ${why}`)
