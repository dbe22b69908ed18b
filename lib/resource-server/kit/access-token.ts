import { isObject } from '../../base/json.ts'
import { audienceIs, checkTimes } from '../claims.ts'
import { type Members, Refused } from '../jwt.ts'
import { listOf } from './configuration.ts'
import type { TokenRules } from './options.ts'

/** A verified access token. */
export interface AccessToken {
  /** The issuer of the authorization server, as the options name it. */
  readonly issuer: string
  /** The user, or the client itself where no user signed in. Unique at the issuer only. */
  readonly subject: string | undefined
  readonly clientId: string | undefined
  readonly scopes: readonly string[]
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** All claims, or what the introspection endpoint said. */
  readonly claims: Members
}

export interface ReadingRules {
  readonly issuer: string
  readonly issuers: readonly string[]
  readonly resource: string
  readonly rules: TokenRules
  /** Seconds. */
  readonly clockTolerance: number
}

/** The refusal of a token that has expired: the client may learn that. */
export class Expired extends Refused {
  constructor() {
    super('expired')
  }
}

/** The `typ` claims of Keycloak's other tokens. */
const otherTokens: readonly unknown[] = ['ID', 'Refresh', 'Offline', 'Logout']

/**
 * Checks the claims of a token whose signature is good, or that its server calls active. Throws `Refused`.
 *
 * @param now in seconds since the epoch
 * @param expiresAt when a token without `exp` is asked about again, in seconds since the epoch; absent: `exp` must be there
 */
export function readAccessToken(claims: Members, by: ReadingRules, now: number, expiresAt?: number): AccessToken {
  const { iss, exp = expiresAt, nbf, iat } = claims
  // The answer of an introspection endpoint may have no issuer: its server has been asked.
  if (!(iss === undefined && expiresAt !== undefined) && !by.issuers.some((one) => one === iss)) {
    throw new Refused('claim iss')
  }
  if (typeof exp !== 'number') throw new Refused('claim exp')
  if (checkTimes({ iat, exp, nbf }, now, by.clockTolerance) === 'expired') throw new Expired()
  checkKind(claims)
  const clientId = clientOf(claims)
  checkAudience(claims, clientId, by)
  for (const [name, value] of Object.entries(by.rules.requiredClaims ?? {})) {
    if (claims[name] !== value) throw new Refused(`claim ${name}`)
  }
  return {
    issuer: by.issuer,
    subject: textOf(claims.sub),
    clientId,
    scopes: [...new Set((by.rules.scopeClaims ?? ['scope', 'scp']).flatMap((name) => wordsAt(claims, name)))],
    expiresAt: exp,
    claims,
  }
}

/** Refuses tokens that are no bearer access tokens, whatever else they say. */
function checkKind(claims: Members): void {
  // RFC 9449, RFC 8705: a token that is bound to a key must not be accepted without the proof.
  if (claims.cnf !== undefined) throw new Refused('bound to a key')
  // OpenID Connect Core §3.1.3.6, §3.3.2.11: only ID tokens have these.
  if (claims.at_hash !== undefined || claims.c_hash !== undefined) throw new Refused('an ID token')
  if (claims.token_use !== undefined && claims.token_use !== 'access') throw new Refused('claim token_use')
  if (otherTokens.includes(claims.typ)) throw new Refused('claim typ')
}

function checkAudience({ aud }: Members, clientId: string | undefined, { rules, resource }: ReadingRules): void {
  const { audience = resource, otherAudiences = [], withoutAudience } = rules
  const isAllowedWithout = aud === undefined && clientId !== undefined && withoutAudience?.clientIds.includes(clientId)
  if (!isAllowedWithout && !audienceIs(aud, listOf(audience), otherAudiences)) throw new Refused('claim aud')
}

/** RFC 9068 has `client_id`. Others say `azp` (OpenID Connect), `cid` (Okta) or `appid` (Entra ID, version 1). */
function clientOf({ client_id, azp, cid, appid }: Members): string | undefined {
  return textOf(client_id) ?? textOf(azp) ?? textOf(cid) ?? textOf(appid)
}

/** The words of a claim: a text with spaces, or a list of texts. A dot goes into an object. */
function wordsAt(claims: Members, path: string): readonly string[] {
  // A claim whose own name has dots, such as a URL, comes first.
  const value = Object.hasOwn(claims, path) ? claims[path] : path.split('.').reduce<unknown>(memberOf, claims)
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '')
  return Array.isArray(value) ? value.filter((word) => typeof word === 'string') : []
}

const memberOf = (value: unknown, name: string) =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
