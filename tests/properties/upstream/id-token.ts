import { createHmac, createSign, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { anything, type Damage, damage, damaged, few, hostileText, isSameToken, type Members } from '../hostile.ts'

/** The oddities of an ID token, if any. */
export interface IdTokenOddity {
  readonly claims: Members
  readonly header: Members
  /** `public`: the public key, used as a secret. */
  readonly signedWith: 'own key' | 'foreign key' | 'public key' | 'nothing'
  readonly damage: Damage | null
}

const now = Math.floor(Date.now() / 1000)
const time = fc.constantFrom<unknown>(now - 86_400, now + 86_400, 0, -1, 1e300, `${now + 3_600}`, null, true)
const nobody = 'https://evil.example/'

const aboutTheToken = few(2, {
  iss: fc.oneof(anything, fc.constant(nobody)),
  sub: fc.oneof(anything, fc.constantFrom('x'.repeat(255), 'x'.repeat(256))),
  aud: fc.oneof(anything, fc.constantFrom(['us'], ['us', 'them'], ['them'], 'them', 'US')),
  azp: fc.oneof(anything, fc.constantFrom('us', 'them')),
  exp: fc.oneof(anything, time),
  iat: fc.oneof(anything, time),
  nbf: fc.oneof(anything, time),
  auth_time: fc.oneof(anything, time),
  nonce: fc.oneof(anything, fc.constant('another')),
})

/** Odd claims that do not make a token invalid. */
const aboutThePerson = fc.record(
  {
    email: fc.oneof(
      anything,
      hostileText.map((text) => `${text.replace(/\s/g, '')}@example.com`),
      fc.constantFrom(
        `${'x'.repeat(250)}@x.example`,
        `${'x'.repeat(3_000)}@x.example`,
        `${'\u0001'.repeat(240)}@x.example`,
        `${'🙂'.repeat(120)}@x.example`,
        'ada@example.com\u202emoc.live',
        'ada\u200b@example.com',
        'a@b@c',
      ),
    ),
    email_verified: fc.oneof(anything, fc.constantFrom(true, false, 'true')),
    org_id: fc.oneof(anything, fc.constantFrom('\u0001'.repeat(300), '🙂'.repeat(300))),
    org_name: fc.oneof(anything, hostileText, fc.constantFrom('\u0001'.repeat(300), '🙂'.repeat(300), '\u202eExample')),
  },
  { requiredKeys: [] },
)

const header = few(2, {
  alg: fc.oneof(anything, fc.constantFrom('HS256', 'none', 'NONE', 'PS256', 'ES256', 'RS512', 'rs256', 'EdDSA')),
  kid: fc.oneof(anything, fc.constantFrom('other', '../../dev/null')),
  typ: anything,
  crit: fc.oneof(anything, fc.constantFrom(['b64'], [])),
  b64: fc.constant(false),
  jku: fc.constant('http://127.0.0.1:1/'),
  x5u: fc.constant('http://127.0.0.1:1/'),
  jwk: anything,
  zip: fc.constant('DEF'),
})

export const goodIdToken: IdTokenOddity = { claims: {}, header: {}, signedWith: 'own key', damage: null }

export const idTokenOddity: fc.Arbitrary<IdTokenOddity> = fc.record({
  claims: fc.oneof(
    { weight: 1, arbitrary: fc.constant({}) },
    { weight: 2, arbitrary: aboutTheToken },
    { weight: 3, arbitrary: aboutThePerson },
  ),
  header: fc.oneof({ weight: 6, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: header }),
  signedWith: fc.oneof(
    { weight: 12, arbitrary: fc.constant('own key' as const) },
    { weight: 1, arbitrary: fc.constantFrom('foreign key' as const, 'public key' as const, 'nothing' as const) },
  ),
  damage: fc.oneof({ weight: 12, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: damage }),
})

export interface Keys {
  readonly own: KeyObject
  readonly foreign: KeyObject
  readonly publicPem: string
}

export interface IdToken {
  readonly text: string
  readonly claims: Members
  /** The checks of OpenID Connect Core §3.1.3.7, apart from the key set. */
  readonly isValid: boolean
  /** It arrived unchanged, even in details that make no difference. */
  readonly isIntact: boolean
}

/** @param expected the claims of a valid token */
export function idTokenOf(oddity: IdTokenOddity, expected: Members & { readonly nonce: string }, keys: Keys): IdToken {
  const header = { alg: 'RS256', kid: 'key', ...oddity.header }
  const claims = { ...expected, ...oddity.claims }
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const good = `${signed}.${signature(signed, oddity.signedWith, keys)}`
  const text = oddity.damage === null ? good : damaged(good, oddity.damage)
  const isValid =
    isSameToken(text, good) &&
    oddity.signedWith === 'own key' &&
    header.alg === 'RS256' &&
    // The key id is a hint. Without one, the server tries every key of the set.
    (header.kid === 'key' || header.kid === undefined) &&
    !('crit' in header) &&
    isMeant(claims, expected)
  return { text, claims, isValid, isIntact: text === good }
}

function isMeant(claims: Members, expected: Members): boolean {
  const { iss, sub, aud, azp, exp, iat, nbf, nonce } = claims
  // Clocks may differ by half a minute.
  const [early, late] = [Date.now() / 1000 - 31, Date.now() / 1000 + 31]
  return (
    iss === expected.iss &&
    typeof sub === 'string' &&
    sub !== '' &&
    sub.length <= 255 &&
    sub.isWellFormed() &&
    (aud === 'us' || (Array.isArray(aud) && aud.includes('us') && (aud.length === 1 || azp === 'us'))) &&
    typeof exp === 'number' &&
    exp > early &&
    typeof iat === 'number' &&
    (nbf === undefined || (typeof nbf === 'number' && nbf < late)) &&
    nonce === expected.nonce
  )
}

function signature(signed: string, how: IdTokenOddity['signedWith'], keys: Keys): string {
  switch (how) {
    case 'own key':
      return createSign('sha256').update(signed).sign(keys.own, 'base64url')
    case 'foreign key':
      return createSign('sha256').update(signed).sign(keys.foreign, 'base64url')
    case 'public key':
      return createHmac('sha256', keys.publicPem).update(signed).digest('base64url')
    case 'nothing':
      return ''
  }
}
