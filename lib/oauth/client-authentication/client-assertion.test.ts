import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createClientKey } from '../../../dev/worlds/client-key.ts'
import { defined } from '../../base/defined.ts'
import { OAuthError } from '../errors.ts'
import { isSignedBy, readAssertion } from './client-assertion.ts'

const client = 'https://client.example/c.json'
const issuer = 'https://docs.example'
const audiences = [issuer, `${issuer}/oauth/token`]
const now = 1_795_000_000
const curve = await createClientKey({ alg: 'ES256', now: () => now })
const rsa = await createClientKey({ alg: 'RS256', now: () => now })

/** Returns why an assertion is refused, or `undefined` if it is accepted. */
function complaint(jwt: string, at = now): string | undefined {
  try {
    readAssertion(jwt, audiences, at)
    return undefined
  } catch (error) {
    if (error instanceof OAuthError && error.code === 'invalid_client') return error.description
    throw error
  }
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const claims = { iss: client, sub: client, aud: issuer, jti: 'x', exp: now + 60 }

describe('an assertion [T-09]', () => {
  test.each([rsa, curve])('is accepted with either algorithm, for the issuer or the token endpoint', async (key) => {
    for (const audience of audiences) {
      const assertion = readAssertion(await key.assertion(client, audience), audiences, now)
      expect(assertion).toMatchObject({ clientId: client, audience, endsAt: now + 120 })
      expect(await isSignedBy([key.publicKey], assertion, now)).toBe(true)
    }
  })

  test.each(['JWT', 'jwt', 'client-authentication+jwt', 'application/client-authentication+jwt', undefined])(
    'may say typ %s',
    async (typ) => {
      const header = defined({ typ })
      expect(complaint(await curve.assertion(client, issuer, {}, header))).toBeUndefined()
    },
  )

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['another iss', { iss: 'https://evil.example/c.json' }],
    ['another sub', { sub: 'https://evil.example/c.json' }],
    ['no iss', { iss: undefined }],
    ['no sub', { sub: undefined }],
    ['no aud', { aud: undefined }],
    ['aud of another server', { aud: 'https://evil.example' }],
    ['aud of a preview of ours', { aud: 'https://deploy-preview-1--docs.netlify.app' }],
    ['aud that only begins like ours', { aud: `${issuer}.evil.example` }],
    ['aud with an extra slash', { aud: `${issuer}/` }],
    ['aud of another endpoint', { aud: `${issuer}/oauth/authorize` }],
    ['an array of aud, even of one', { aud: [issuer] }],
    ['no exp', { exp: undefined }],
    ['exp as text', { exp: `${now + 60}` }],
    ['exp in the past', { exp: now - 61 }],
    ['exp tomorrow', { exp: now + 86_400 }],
    ['exp six minutes away', { exp: now + 361 }],
    ['exp of the largest number', { exp: Number.MAX_VALUE }],
    ['iat in the future', { iat: now + 61 }],
    ['iat long ago', { iat: now - 601 }],
    ['nbf in the future', { nbf: now + 61 }],
    ['no jti', { jti: undefined }],
    ['an empty jti', { jti: '' }],
    ['an endless jti', { jti: 'x'.repeat(513) }],
    ['a number as jti', { jti: 7 }],
  ])('is refused with %s', async (_what, changed) => {
    expect(complaint(await curve.assertion(client, issuer, changed))).toMatch(/^client_assertion /)
  })

  test('may come from a client whose clock is a minute off, and may lack iat', async () => {
    const jwt = await curve.assertion(client, issuer, { iat: undefined, exp: now + 300 })
    for (const at of [now - 60, now, now + 359]) expect(complaint(jwt, at)).toBeUndefined()
    expect(complaint(jwt, now + 360)).toBe('client_assertion has expired')
  })

  test.each([
    ['alg none', `${encoded({ alg: 'none' })}.${encoded(claims)}.`],
    ['alg HS256', `${encoded({ alg: 'HS256' })}.${encoded(claims)}.AAAA`],
    ['alg RS512', `${encoded({ alg: 'RS512' })}.${encoded(claims)}.AAAA`],
    ['alg as a list', `${encoded({ alg: ['RS256'] })}.${encoded(claims)}.AAAA`],
    ['no alg', `${encoded({})}.${encoded(claims)}.AAAA`],
    ['typ at+jwt', `${encoded({ alg: 'RS256', typ: 'at+jwt' })}.${encoded(claims)}.AAAA`],
    ['a kid that is not text', `${encoded({ alg: 'RS256', kid: {} })}.${encoded(claims)}.AAAA`],
    ['claims that are a list', `${encoded({ alg: 'RS256' })}.${encoded([claims])}.AAAA`],
    ['text that is not a JWT', 'assertion'],
    ['five parts', 'a.b.c.d.e'],
    ['nothing', ''],
    ['more than 16 KB', `${encoded({ alg: 'RS256' })}.${encoded({ ...claims, more: 'x'.repeat(16_384) })}.AAAA`],
  ])('is refused with %s', (_what, jwt) => expect(complaint(jwt)).toMatch(/^client_assertion /))

  test('is not accepted from another key, or with other content', async () => {
    const read = (jwt: string) => readAssertion(jwt, audiences, now)
    const other = await createClientKey({ now: () => now })
    const jwt = await curve.assertion(client, issuer)
    const [header = '', , signature = ''] = jwt.split('.')
    const changed = `${header}.${encoded({ ...claims, jti: 'another' })}.${signature}`
    for (const forged of [await other.assertion(client, issuer), changed, `${jwt.slice(0, -4)}AAAA`]) {
      expect(await isSignedBy([curve.publicKey, rsa.publicKey], read(forged), now)).toBe(false)
    }
    expect(await isSignedBy([], read(jwt), now)).toBe(false)
    expect(await isSignedBy([other.publicKey, curve.publicKey], read(jwt), now)).toBe(true)
  })

  test('with an HMAC under the public key is refused, with alg RS256 or HS256', async () => {
    for (const alg of ['HS256', 'RS256']) {
      const input = `${encoded({ alg })}.${encoded(claims)}`
      const mac = createHmac('sha256', JSON.stringify(rsa.publicKey)).update(input).digest('base64url')
      const jwt = `${input}.${mac}`
      if (alg === 'HS256') expect(complaint(jwt)).toMatch(/alg$/)
      else expect(await isSignedBy([rsa.publicKey], readAssertion(jwt, audiences, now), now)).toBe(false)
    }
  })

  test('with a critical extension is refused', async () => {
    const jwt = await curve.assertion(client, issuer)
    const [, payload = '', signature = ''] = jwt.split('.')
    const header = encoded({ alg: 'ES256', kid: curve.publicKey.kid, crit: ['x'], x: 1 })
    const assertion = readAssertion(`${header}.${payload}.${signature}`, audiences, now)
    expect(await isSignedBy([curve.publicKey], assertion, now)).toBe(false)
  })

  test('is not accepted from an unusable key', async () => {
    const off = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) } as const
    const assertion = readAssertion(await curve.assertion(client, issuer), audiences, now)
    expect(await isSignedBy([off], assertion, now)).toBe(false)
    expect(await isSignedBy([off, curve.publicKey], assertion, now)).toBe(true)
  })
})
