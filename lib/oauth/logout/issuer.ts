import { createProviderKeys } from '../providers/provider-keys.ts'
import { createMetadataReader } from '../providers/provider-metadata.ts'
import { type ExpectedToken, readToken, type SignedClaims, TokenRefused } from './signed-token.ts'

/**
 * Verifies a token that an issuer has signed, and returns its claims. Throws `TokenRefused`, and `ProviderError` if the keys of the
 * issuer cannot be read.
 */
export type VerifyToken = (token: string, signal: AbortSignal) => Promise<SignedClaims>

/**
 * Makes the function that verifies the tokens of one issuer. Its metadata and keys are found by OpenID Connect Discovery and kept, as
 * for ID tokens: a token whose key is unknown makes this server read them again only a few times a minute.
 *
 * @param now milliseconds since the epoch
 */
export function createVerifyToken(expected: ExpectedToken, now: () => number): VerifyToken {
  const metadata = createMetadataReader(new URL(expected.issuer), now)
  const keys = createProviderKeys(metadata, now)
  return async (token, signal) => {
    const claims = readToken(token, expected, now())
    const server = await metadata.read(signal)
    if (claims.iss !== server.issuer) throw new TokenRefused('issuer')
    await keys.ready(server, signal)
    if (!(await keys.haveSigned(token, signal))) throw new TokenRefused('signature')
    return claims
  }
}
