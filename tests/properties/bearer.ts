import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SignJWT } from 'jose'
import { claims, sign } from '../../dev/worlds/mcp-endpoint.ts'
import { damage, damaged, few, hostileHeader, hostileText, isSameToken, type Members } from './hostile.ts'
import { jsonOf } from './invariants.ts'
import { callOf, issuer, type OwnEndpoint, ownEndpoint, resource } from './mcp-endpoint.ts'
import { property } from './property.ts'

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

/** Checks the refusal of a request without a valid token (S-02 … S-04, RFC 6750 §3, RFC 9728 §5.1). */
async function expectChallenge(response: Response): Promise<void> {
  const text = await response.text()
  assert([400, 401].includes(response.status), `${response.status} ${text}`)
  const challenge = response.headers.get('www-authenticate') ?? ''
  assert.match(
    challenge,
    /^(?:Bearer|DPoP) resource_metadata="https:\/\/[^"]+"(?:, [a-z_]+="[\x20-\x21\x23-\x5b\x5d-\x7e]*")*$/,
  )
  assert.equal(response.headers.get('cache-control'), 'no-store')
  assert.equal(response.headers.get('access-control-allow-origin'), '*')
  assert.equal(typeof jsonOf(text).error, 'string')
}

/** Odd `Authorization` headers. `token` stands for a good token. */
const shape = fc.oneof(
  fc.constantFrom(
    'token',
    'Bearer',
    'Bearer ',
    'Bearer,',
    'Basic token',
    'DPoP token',
    'Bearer token, Bearer token',
    'Bearer token token',
    'Basic x, Bearer token',
    'Bearer "token"',
    'Bearer\ttoken',
    'Bearer=token',
    'Bearertoken',
    'Token token',
    'Bearer token;',
    'Bearer realm="x", token',
  ),
  hostileHeader,
)
const header = fc.oneof(
  shape.map((text) => ({ text, how: null })),
  fc.record({ text: fc.constantFrom('Bearer token', 'bearer  token', 'BEARER token'), how: damage }),
)

export const authorizationHeaders = property({
  name: 'the MCP endpoint: challenges every Authorization header that is not exactly one valid Bearer token',
  cases: 600,
  values: header,
  async holds({ text, how }) {
    const { token } = await goodToken()
    const spoilt = how === null ? token : damaged(token, how).replace(/[^\x21-\x2b\x2d-\x7e]/g, '!')
    if (how !== null && isSameToken(spoilt, token)) return
    const { fetch } = await ownEndpoint()
    await expectChallenge(await fetch(callOf(list, text.replaceAll('token', spoilt))))
  },
})

export const goodHeaders = property({
  name: 'the MCP endpoint: accepts one valid Bearer token, in any spelling of the scheme',
  cases: 50,
  values: fc.tuple(fc.constantFrom('Bearer', 'bearer', 'BEARER', 'bEaReR'), fc.integer({ min: 1, max: 9 })),
  async holds([scheme, spaces]) {
    const { token, own } = await goodToken()
    const response = await own.fetch(callOf(list, scheme + ' '.repeat(spaces) + token))
    assert.equal(response.status, 200)
    assert((await response.text()).includes('ask_question'))
  },
})

async function goodToken(): Promise<{ own: OwnEndpoint; token: string }> {
  const own = await ownEndpoint()
  return { own, token: await sign(own.key, claims(own.now)) }
}

const instant = Math.floor(Date.UTC(2026, 10, 21) / 1000)
const oddTime = fc.constantFrom(
  undefined,
  null,
  '',
  String(instant),
  -1,
  0,
  instant - 7_200,
  instant,
  instant + 6,
  instant + 7_200,
  1e300,
  true,
  [],
)
const oddText = (good: string) =>
  fc.oneof(
    fc.constantFrom<unknown>(undefined, null, '', 0, true, [good], [good, 'https://other.example'], {}, good),
    hostileText,
  )
const oddClaims = few(2, {
  iss: oddText(issuer),
  aud: oddText(resource),
  sub: oddText('user-1'),
  client_id: oddText('client-1'),
  scope: oddText('docs:read'),
  grant: oddText('grants/202611/user-1/grant-1'),
  jti: oddText('jti'),
  email: oddText('ada@example.org'),
  email_verified: fc.constantFrom(undefined, null, 'true', 1, true, false),
  org_id: oddText('org-1'),
  org_name: oddText('Engines'),
  iat: oddTime,
  exp: oddTime,
  nbf: oddTime,
})
const oddHeader = few(1, {
  typ: fc.constantFrom(undefined, '', 'JWT', 'at+jwt', 'AT+JWT', 'application/at+jwt', 'refresh', 'at+jwt; x', 5),
  kid: fc.constantFrom<unknown>(undefined, '', 'key', 'other', 'k'.repeat(200), '__proto__', 7, null, ['key']),
  alg: fc.constantFrom('none', 'HS256', 'RS256', 'RS512', 'PS256', 'none ', 'NONE'),
  crit: fc.constantFrom(['exp'], ['b64'], []),
  jwk: fc.constant({ kty: 'oct', k: 'AAAA' }),
  jku: fc.constant('https://evil.example/jwks.json'),
  b64: fc.constant(false),
})

export const tokenContents = property({
  name: 'the MCP endpoint: a token is accepted only if every claim is right, whichever key signed it',
  cases: 600,
  values: fc.record({
    claims: oddClaims,
    header: oddHeader,
    by: fc.constantFrom('own' as const, 'own' as const, 'foreign' as const, 'nobody' as const),
  }),
  async holds({ claims: odd, header: oddHead, by }) {
    const own = await ownEndpoint()
    const payload: Members = { ...claims(own.now), ...odd }
    const head: Members = { alg: 'RS256', typ: 'at+jwt', kid: 'key', ...oddHead }
    const response = await own.fetch(callOf(list, `Bearer ${await forge(payload, head, by, own)}`))
    // A key that is not published yet may follow. That is a fault of the server, not of the token.
    const unheardOf = typeof head.kid === 'string' && head.kid !== 'key' && response.status === 503
    if (unheardOf && Number(payload.iat) >= own.now / 1000 - 1) return
    if (response.status === 403) return assert(!String(payload.scope).split(' ').includes('docs:read'))
    if (response.status !== 200) return expectChallenge(response)
    await response.body?.cancel()
    assert.equal(by, 'own')
    const { iss, aud, sub, client_id: clientId, exp, iat, nbf = 0 } = payload
    assert.deepEqual([iss, [aud].flat()], [issuer, [resource]])
    for (const text of [sub, clientId, payload.scope, payload.grant, payload.jti])
      assert(typeof text === 'string' && text !== '')
    assert(typeof exp === 'number' && exp > instant - 5 && typeof iat === 'number' && iat <= instant + 5 && iat < exp)
    assert(typeof nbf === 'number' && nbf <= instant + 5)
    assert.deepEqual([head.alg, head.kid], ['RS256', 'key'])
    assert.match(String(head.typ), /^(application\/)?at\+jwt$/i)
    assert(oddHead.crit === undefined, 'accepts a critical extension that the server does not support')
  },
})

/** Signs a token with any header, even one that JWT libraries refuse to sign. */
async function forge(
  payload: object,
  head: object,
  by: 'own' | 'foreign' | 'nobody',
  own: OwnEndpoint,
): Promise<string> {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part(head)}.${part(payload)}`
  if (by === 'nobody') return `${input}.`
  const { privateKey } = by === 'own' ? own.key : own.foreign
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, Buffer.from(input))
  return `${input}.${Buffer.from(signature).toString('base64url')}`
}

/** RFC 8725 §2.1: the public key as the secret of an HMAC. */
export async function tokenByPublicKey(): Promise<Response> {
  const own = await ownEndpoint()
  const secret = Buffer.from(JSON.stringify(own.key.publicJwk))
  const header = { alg: 'HS256', typ: 'at+jwt', kid: own.key.kid }
  const token = await new SignJWT(claims(own.now)).setProtectedHeader(header).sign(secret)
  return own.fetch(callOf(list, `Bearer ${token}`))
}
