import { describe, expect, test } from 'vitest'
import { parseParameters } from '../http/parameters.ts'
import { createFindPresented } from './presented-token.ts'

const now = 1_795_000_000
const jwksUri = 'https://keys.example/jwks.json'

describe('the code or token that a request is about [T-09 M-14]', () => {
  /** What `open` returns for each sealed value. */
  const sealed = { clientHash: 'hash', jwksUri, expiresAt: now + 60 }
  const opening = (values: Record<string, object>) => ({ open: (value: string) => (values[value] ?? null) as never })
  const find = (form: Record<string, string>, { code = sealed, refresh = sealed } = {}, clientHash = 'hash') =>
    createFindPresented({
      codes: opening({ 'a code': code }),
      refreshTokens: opening({ 'a token': refresh }),
      now: () => now * 1000,
    })(parseParameters(new URLSearchParams(form)), clientHash)

  test.each([
    { grant_type: 'authorization_code', code: 'a code' },
    { grant_type: 'refresh_token', refresh_token: 'a token' },
    { token: 'a token' },
  ])('is found: %j', (form) => expect(find(form)).toEqual({ jwksUri }))

  test.each([
    ['for a code beside grant_type=refresh_token', { grant_type: 'refresh_token', code: 'a code' }],
    [
      'for a code beside a token that does not open',
      { grant_type: 'refresh_token', refresh_token: 'x', code: 'a code' },
    ],
    ['for a code without a grant type', { code: 'a code' }],
    [
      'for tokens beside grant_type=authorization_code',
      { grant_type: 'authorization_code', refresh_token: 'a token', token: 'a token' },
    ],
  ])('is null %s', (_where, form) => expect(find(form)).toBeNull())

  test('is null after it has expired, and for another client', () => {
    const form = { grant_type: 'authorization_code', code: 'a code' }
    expect(find(form, { code: { ...sealed, expiresAt: now } })).toBeNull()
    expect(find(form, {}, 'another')).toBeNull()
  })
})
