import { paths } from '../capabilities.ts'
import { type Identity, type Provider, ProviderError } from './provider.ts'

/** The one user of the mock. */
const mockIdentity = {
  sub: 'mock|123',
  email: 'reader@example.com',
  emailVerified: true,
  organization: { id: 'org_mock', name: 'Example Organization' },
} satisfies Omit<Identity, 'issuer'>

const mockCode = 'mock'

/**
 * Stands in for the OpenID Provider under `netlify dev`, where there is none. Every sign-in is the same made-up user. The settings
 * select it only on an explicit development signal (F-000-38), and `allowed` is the second guard (F-000-40).
 */
export function createMockProvider(options: { readonly issuer: string; readonly allowed: boolean }): Provider {
  if (!options.allowed) throw new Error('the mock provider is for development only')
  return {
    id: 'mock',
    authorizationUrl: async (login) =>
      new URL(`${options.issuer}${paths.mockAuthorize}?${new URLSearchParams({ state: login.state })}`),
    identify: async (answer, login) => {
      if (answer.get('code') !== mockCode || answer.get('state') !== login.state) {
        throw new ProviderError('invalid', 'not an answer of the mock')
      }
      return { ...mockIdentity, issuer: `${options.issuer}${paths.mockAuthorize}` }
    },
  }
}

/** Answers the mock's authorization endpoint: returns the URL of our callback, with a code. */
export function mockAuthorization(issuer: string, request: URL): URL {
  const state = request.searchParams.get('state') ?? ''
  return new URL(`${issuer}${paths.callback}?${new URLSearchParams({ code: mockCode, state })}`)
}
