import type { ListedProvider } from '../oauth/providers/presets/preset.ts'
import { adminsAmong, type ProviderPlace, parseProviders, placesOf } from './providers.ts'
import type { SettingsReader } from './reader.ts'
import type { readShared } from './sign-in-configuration.ts'

type Shared = ReturnType<typeof readShared>

/** Reads the providers of `MCP_PROVIDERS`. Loaded only where there are any. */
export type ReadListed = (
  settings: SettingsReader,
  shared: Shared,
) => Shared & {
  readonly providers: readonly ListedProvider[]
  /** Where people sign in, the default provider included. Absent: there is no list. */
  readonly places?: readonly ProviderPlace[]
}

/** Reads the providers of `MCP_PROVIDERS`, and finds the one of each admin entry. */
export const readListed: ReadListed = (settings, shared) => {
  const { listed, signIn, account, admins: entries } = shared.configuration
  if (!listed) return { ...shared, providers: [] }
  const defaultIssuer = signIn?.provider.kind === 'oidc' ? signIn.provider.issuer : undefined
  const { providers, complaints } = parseProviders(listed, defaultIssuer)
  for (const complaint of complaints) settings.complain('MCP_PROVIDERS', complaint)
  if (providers.length === 0 && !listed.hasDefault) {
    settings.complain('UPSTREAM_CLIENT_ID', ' is missing, and no provider of MCP_PROVIDERS is usable')
  }
  const { admins, complaints: aboutAdmins } = adminsAmong(entries, { providers, defaultIssuer })
  for (const complaint of aboutAdmins) settings.complain('MCP_ADMINS', complaint)
  const configuration = { ...shared.configuration, admins, account: account && { ...account, admins } }
  return { ...shared, configuration, providers, places: placesOf(providers, defaultIssuer) }
}
