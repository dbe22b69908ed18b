import { whenNeeded } from '../base/when-needed.ts'
import type { OpenIdProviderOptions } from '../oauth/providers/openid-provider.ts'
import { type Provider, providerId } from '../oauth/providers/provider.ts'

/** The OpenID Provider of the settings. Its code is loaded when the first user is sent there. */
export function openIdProvider(options: OpenIdProviderOptions): Provider {
  const provider = whenNeeded(async () => {
    const { createOpenIdProvider } = await import('../oauth/providers/openid-provider.ts')
    return createOpenIdProvider(options)
  })
  return {
    id: providerId(options),
    authorizationUrl: async (...login) => (await provider()).authorizationUrl(...login),
    identify: async (...answer) => (await provider()).identify(...answer),
  }
}
