import { createHash, randomBytes } from 'node:crypto'
import { sha256 } from '../lib/base/sha256.ts'
import { newGrantKey, subjectOf } from '../lib/oauth/grants/record.ts'
import { createSealing } from '../lib/oauth/keys/sealing.ts'
import type { Secrets } from '../lib/oauth/keys/secrets.ts'
import { codeSealer } from '../lib/oauth/token/authorization-code.ts'

export const redirectUri = 'http://127.0.0.1:33418/callback'
export const codeVerifier = randomBytes(32).toString('base64url')
export const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')

/**
 * Makes codes such as the callback hands out, each of another person, with the service's own secret: a thousand real
 * sign-ins take minutes. They are for `codeVerifier` and `redirectUri`.
 */
export function createMint(issuer: string, secrets: Secrets): (clientId: string) => string {
  const codes = codeSealer(createSealing(issuer, secrets))
  return (clientId) => {
    const now = Math.floor(Date.now() / 1000)
    const endsAt = now + 180 * 86_400
    return codes.seal({
      grant: newGrantKey(subjectOf('https://bench.example/', randomBytes(8).toString('hex')), endsAt),
      clientHash: sha256(clientId),
      redirectUriHash: sha256(redirectUri),
      codeChallenge: codeChallenge,
      resource: `${issuer}/mcp`,
      scope: 'docs:read',
      clientName: 'Bench',
      authenticationMethods: ['none'],
      usesRefreshTokens: true,
      person: {
        email: 'bench@example.com',
        emailVerified: true,
        organizationId: 'org_1',
        organizationName: 'Example Organization',
      },
      expiresAt: now + 60,
      endsAt,
    })
  }
}
