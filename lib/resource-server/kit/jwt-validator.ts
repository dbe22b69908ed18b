import { parseJwt, Refused } from '../jwt.ts'
import { createVerificationKeys } from '../verification-keys.ts'
import { createVerifiedTokens } from '../verified-tokens.ts'
import { type AccessToken, type ReadingRules, readAccessToken } from './access-token.ts'
import { algorithmsOf, secretKey } from './algorithms.ts'
import { createKeySet } from './key-set.ts'
import type { Fetch, JwtValidation } from './options.ts'
import { AuthorizationServerUnavailable, ConfigurationProblem } from './problems.ts'

/** Verifies a token. Throws `Refused`, and `AuthorizationServerUnavailable` when that cannot be known now. */
export type VerifyToken = (token: string) => Promise<AccessToken>

const maximumKidLength = 512
/** `at+jwt` is RFC 9068's. Most servers say `JWT`, or nothing. Every other kind of JWT has a `typ` of its own. */
const accessTokenTypes = /^(?:application\/)?(?:at\+)?jwt$/i

const isKnown = (error: unknown) =>
  error instanceof Refused || error instanceof AuthorizationServerUnavailable || error instanceof ConfigurationProblem

/** Makes the function that verifies the JWTs of one authorization server, by its published keys or by a shared secret. */
export function createJwtValidator(options: {
  readonly validation: JwtValidation
  readonly reading: ReadingRules
  readonly jwksUri: () => Promise<string>
  readonly fetch: Fetch
  readonly now: () => number
  readonly unavailable: (reason: string) => Error
  readonly onFailure: (reason: string) => void
}): VerifyToken {
  const { validation, reading, now, unavailable } = options
  const { clockTolerance } = reading
  const { secret, cacheMaxAge: maxAge = 600_000, cacheMaxStale: maxStale = 86_400_000 } = validation
  const algorithms = algorithmsOf(validation)
  const verified = createVerifiedTokens<AccessToken>({ now, clockTolerance })
  const shared = secret === undefined ? undefined : secretKey(secret)
  const publicKeys = createKeySet({ ...options, maxAge, maxStale })
  const keys = createVerificationKeys({ publicKeys, now, onWithdrawn: verified.clear, unavailable })
  const { signal } = new AbortController()

  async function keyOf({ header, algorithm, claims }: ReturnType<typeof parseJwt>) {
    if (shared !== undefined) return shared
    const { kid } = header
    if (typeof kid !== 'string' || kid === '' || kid.length > maximumKidLength) throw new Refused('kid')
    const key = await keys
      .find(kid, algorithm, () => issuedAt(claims()), signal)
      .catch((error: unknown) => {
        if (isKnown(error)) throw error
        // The key is too short or malformed. Its server is at fault, and the request must not end in an unknown error.
        throw unavailable('one of its keys cannot be used: it is too short or malformed')
      })
    if (key === null) throw new Refused('unknown kid')
    return key
  }

  /** When the token claims to have been issued, unverified. A token that does not say it is as old as can be. */
  function issuedAt({ iat = 0 }: { readonly iat?: unknown }): number {
    if (typeof iat !== 'number' || iat > now() / 1000 + clockTolerance) throw new Refused('claim iat')
    return iat
  }

  return async (token) => {
    const known = await verified.find(token, async () => {
      if (shared === undefined) await keys.notice(signal)
    })
    if (known !== undefined) return known
    const jwt = parseJwt(token, algorithms)
    const { typ } = jwt.header
    if (typ !== undefined && !(typeof typ === 'string' && accessTokenTypes.test(typ))) throw new Refused('typ')
    if (!jwt.isSignedBy(await keyOf(jwt))) throw new Refused('signature')
    const accessToken = readAccessToken(jwt.claims(), reading, now() / 1000)
    verified.add(token, accessToken)
    return accessToken
  }
}
