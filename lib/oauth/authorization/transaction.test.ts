import * as v from 'valibot'
import { expect, test } from 'vitest'
import { newSecrets } from '../../../dev/worlds/authorization-server.ts'
import { newAttemptCode } from '../../base/attempt-code.ts'
import { createCookies } from '../http/cookies.ts'
import { createSealing } from '../keys/sealing.ts'
import { createTransactions } from './transaction.ts'

const issuer = 'https://docs.example'
const time = 1_800_000_000
const state = '0mwpn5s00.AAAAAAAAAAAAAAAAAAAAAA'
const sealing = createSealing(issuer, newSecrets())
const transactionsAt = (seconds: number) =>
  createTransactions({ cookies: createCookies(issuer), sealing, signInLifetime: 600, now: () => seconds * 1000 })
const browserWith = (value: string) => new Request(issuer, { headers: { cookie: `__Host-tx.${state}=${value}` } })
/** A request in its sealed form, and with the member names of this code. */
const sealedRequest = {
  c: 'client',
  redirect_uri: 'http://127.0.0.1:7777/callback',
  state: 'client state',
  p: 'challenge',
  resource: `${issuer}/mcp`,
  scope: 'docs:read',
  m: ['none' as const],
  rt: true,
}
const request = {
  clientHash: 'client',
  redirectUri: 'http://127.0.0.1:7777/callback',
  state: 'client state',
  codeChallenge: 'challenge',
  resource: `${issuer}/mcp`,
  scope: 'docs:read',
  authenticationMethods: ['none'],
  usesRefreshTokens: true,
}

test('a sign-in that an earlier release began can be finished', () => {
  const sealed = sealing
    .encrypted('transaction', v.looseObject({}))
    .seal({ ...sealedRequest, us: state, un: 'nonce', uv: 'verifier', exp: time + 600 })
  expect(transactionsAt(time).find(browserWith(sealed), state)).toMatchObject({
    kind: 'signing-in',
    request,
    login: { state, nonce: 'nonce', codeVerifier: 'verifier' },
    late: false,
    approvedAt: time,
    repeats: 0,
  })
  expect(transactionsAt(time + 600).find(browserWith(sealed), state)).toMatchObject({ late: true })
})

test('a sign-in that waits for the confirmation since an earlier release can be confirmed', () => {
  const g = '202705/u_x/AAAAAAAAAAAAAAAAAAAAAA'
  const u = { email: 'a@example.com' }
  const sealed = sealing
    .encrypted('confirmation', v.looseObject({}))
    .seal({ ...sealedRequest, us: state, sub: 'u_x', u, g, end: time + 9000, exp: time + 300 })
  expect(transactionsAt(time).find(browserWith(sealed), state)).toEqual({
    kind: 'confirming',
    request,
    signedIn: { sub: 'u_x', person: { email: 'a@example.com' } },
    grant: { key: g, end: time + 9000 },
    late: false,
  })
})

test('the code of the attempt and the provider add at most 100 bytes to a transaction [N20]', () => {
  const { begin } = transactionsAt(time)
  const size = (more: object, provider: string) => {
    const { setCookies } = begin(
      { ...request, authenticationMethods: ['none'], ...more },
      provider,
      new Request(issuer),
    )
    return setCookies.join().length
  }
  const without = size({}, '')
  const whole = size({ attempt: newAttemptCode(time * 1000) }, 'p'.repeat(11))
  expect(whole - without).toBeGreaterThan(0)
  expect(whole - without).toBeLessThanOrEqual(100)
})
