import { expect, test, vi } from 'vitest'
import { createFindAssertionKeys } from './assertion-keys.ts'

const jwksUri = 'https://keys.example/jwks.json'

test('a fetch of keys counts against the address of the caller, except for a published client with a code or token [M-14]', async () => {
  const asked = vi.fn(async (_uri: string, _wanted: object, _call: { readonly address?: string }) => [])
  const clientOf = (id: string) => ({ id, keys: { uri: jwksUri }, grantTypes: [] }) as never
  const findKeys = createFindAssertionKeys({
    clients: { resolve: async (id) => clientOf(id) },
    keySets: { find: asked },
  })
  const call = { signal: new AbortController().signal, address: '203.0.113.7' }
  for (const [id, presented, counted] of [
    ['https://vendor.example/client.json', { jwksUri }, false],
    ['https://vendor.example/client.json', null, true],
    ['a registration', { jwksUri }, true],
    ['a registration', null, true],
  ] as const) {
    asked.mockClear()
    await findKeys(id, { alg: 'ES256', kid: 'x' }, presented, call)
    expect(asked.mock.calls.every(([, , { address }]) => (address !== undefined) === counted)).toBe(true)
    expect(asked).toHaveBeenCalled()
  }
})
