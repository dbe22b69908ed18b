import { isObject } from '../../base/json.ts'
import { sha256 } from '../../base/sha256.ts'
import { subjectOf } from '../grants/record.ts'
import { type SignedClaims, TokenRefused } from './signed-token.ts'

/** The `typ` of a logout token. */
export const logoutType = 'logout+jwt'

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/** Who has signed out at the provider. At least one of `sub` and `session` is there. */
export interface Logout {
  /** This server's own id of the person. */
  readonly sub: string | undefined
  /** The hash of the session at the provider. With `sub`, only this session of the person has ended. */
  readonly session: string | undefined
  /** Milliseconds since the epoch. */
  readonly at: number
}

/**
 * Checks what makes a verified token a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6). An ID token is none: it has a
 * nonce, and no event. Throws `TokenRefused`.
 */
export function logoutOf(claims: SignedClaims): Logout {
  const { events, sub, sid } = claims
  if ('nonce' in claims) throw new TokenRefused('nonce')
  if (!isObject(events) || !isObject(events[logoutEvent])) throw new TokenRefused('event')
  for (const id of [sub, sid]) {
    if (id !== undefined && (typeof id !== 'string' || id === '' || id.length > 255 || !id.isWellFormed())) {
      throw new TokenRefused('subject')
    }
  }
  if (sub === undefined && sid === undefined) throw new TokenRefused('subject')
  return {
    sub: typeof sub === 'string' ? subjectOf(claims.iss, sub) : undefined,
    session: typeof sid === 'string' ? providerSession(claims.iss, sid) : undefined,
    at: Math.floor(claims.iat * 1000),
  }
}

/** Hashes the id that a provider gives a session of a browser there (`sid`). */
export const providerSession = (issuer: string, sid: string): string => sha256(`${issuer}\n${sid}`)
