import type { SettingsReader } from './reader.ts'
import type { Site } from './site.ts'

/** The OpenID Provider, the development mock of one, or only those of `MCP_PROVIDERS`. */
export type ProviderSettings = NonNullable<ReturnType<typeof readProvider>>

/** Reads the default OpenID Provider. The mock is used only when a setting asks for it, and never in production (F-000-38). */
export function readProvider(settings: SettingsReader, site: Site) {
  // Every setting is read in any case, so that a wrong value is reported even where it makes no difference yet.
  const flags = [settings.read('NETLIFY_DEV'), settings.read('MCP_OAUTH_ALLOW_MOCK')]
  const clientSecret = settings.read('UPSTREAM_CLIENT_SECRET')
  const mockWanted = flags.includes(true)
  if (settings.text('MCP_PROVIDERS') !== undefined && settings.text('UPSTREAM_CLIENT_ID') === undefined) {
    settings.read('UPSTREAM_ISSUER')
    return { kind: 'listed' as const }
  }
  if (mockWanted && !site.production && settings.text('UPSTREAM_CLIENT_ID') === undefined) {
    settings.read('UPSTREAM_ISSUER')
    return { kind: 'mock' as const }
  }
  const clientId = settings.required('UPSTREAM_CLIENT_ID', mockWanted ? 'the mock is not for production' : undefined)
  const issuer = settings.required('UPSTREAM_ISSUER')
  if (clientId === undefined || issuer === undefined) return null
  return { kind: 'oidc' as const, issuer, clientId, clientSecret }
}
