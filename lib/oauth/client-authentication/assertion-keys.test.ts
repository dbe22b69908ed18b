import { describe, expect, test, vi } from 'vitest'
import { parseParameters } from '../http/parameters.ts'
import { createFindAssertionKeys, createFindHeld } from './assertion-keys.ts'

const now = 1_795_000_000
const jwksUri = 'https://keys.example/jwks.json'

describe('what a client holds of ours [T-09 M-14]', () => {
  /** Stands for a sealed value: what `open` finds in it, by the name it goes by. */
  const sealed = { c: 'hash', ju: jwksUri, exp: now + 60 }
  const opening = (values: Record<string, object>) => ({ open: (value: string) => (values[value] ?? null) as never })
  const find = (form: Record<string, string>, { code = sealed, refresh = sealed } = {}, clientHash = 'hash') =>
    createFindHeld({
      codes: opening({ 'a code': code }),
      refreshTokens: opening({ 'a token': refresh }),
      now: () => now * 1000,
    })(parseParameters(new URLSearchParams(form)), clientHash)

  test.each([
    { grant_type: 'authorization_code', code: 'a code' },
    { grant_type: 'refresh_token', refresh_token: 'a token' },
    { token: 'a token' },
  ])('is what the request is about: %j', (form) => expect(find(form)).toEqual({ jwksUri }))

  test.each([
    ['in the parameter of another grant type', { grant_type: 'refresh_token', code: 'a code' }],
    ['beside a token of somebody else', { grant_type: 'refresh_token', refresh_token: 'x', code: 'a code' }],
    ['without a grant type', { code: 'a code' }],
    ['at another place', { grant_type: 'authorization_code', refresh_token: 'a token', token: 'a token' }],
  ])('is nothing %s', (_where, form) => expect(find(form)).toBeNull())

  test('is nothing once it has expired, nor what another client was given', () => {
    const form = { grant_type: 'authorization_code', code: 'a code' }
    expect(find(form, { code: { ...sealed, exp: now } })).toBeNull()
    expect(find(form, {}, 'another')).toBeNull()
  })
})

test('a fetch of keys is counted by the caller’s address, but for a published client of whom something is held [M-14]', async () => {
  const asked = vi.fn(async (_uri: string, _wanted: object, _call: { readonly address?: string }) => [])
  const clientOf = (id: string) => ({ id, keys: { uri: jwksUri }, grantTypes: [] }) as never
  const findKeys = createFindAssertionKeys({
    clients: { resolve: async (id) => clientOf(id) },
    keySets: { find: asked },
  })
  const call = { signal: new AbortController().signal, address: '203.0.113.7' }
  for (const [id, held, counted] of [
    ['https://vendor.example/client.json', { jwksUri }, false],
    ['https://vendor.example/client.json', null, true],
    ['a registration', { jwksUri }, true],
    ['a registration', null, true],
  ] as const) {
    asked.mockClear()
    await findKeys(id, { alg: 'ES256', kid: 'x' }, held, call)
    expect(asked.mock.calls.every(([, , { address }]) => (address !== undefined) === counted)).toBe(true)
    expect(asked).toHaveBeenCalled()
  }
})
