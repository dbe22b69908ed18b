import { expect, test } from 'vitest'
import { discover } from './service.ts'

const origin = 'https://docs.example.com'

/** A server whose metadata has these members. */
const answering =
  (changes: object): typeof fetch =>
  async (url) =>
    Response.json(
      String(url).includes('protected-resource')
        ? { resource: `${origin}/mcp`, authorization_servers: [origin] }
        : { issuer: origin, token_endpoint: `${origin}/oauth/token`, ...changes },
    )

test('the address of a sign-in holds nothing that controls a terminal, whatever the server writes', async () => {
  const hostile = `${origin}/authorize\u001b]0;owned\u0007\u009b2J\u202e`
  const { authorizationEndpoint } = await discover(origin, answering({ authorization_endpoint: hostile }))
  expect(authorizationEndpoint).toMatch(/^https:\/\/docs\.example\.com\/authorize[!-~]*$/)
})

test.each([
  'https://docs.example.com.evil.example/token',
  'https://docs.example.com@evil.example/',
  'javascript:1',
  '/token',
  7,
])(
  // biome-ignore format: one line
  'an endpoint elsewhere is none: %s',
  async (endpoint) => {
    await expect(discover(origin, answering({ token_endpoint: endpoint }))).rejects.toThrow('The metadata')
    const found = await discover(
      origin,
      answering({ authorization_endpoint: endpoint, registration_endpoint: endpoint }),
    )
    expect([found.authorizationEndpoint, found.registrationEndpoint]).toEqual([undefined, undefined])
  },
)
