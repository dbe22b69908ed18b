import { globalRevocationPath } from '../oauth/capabilities.ts'
import type { ProviderPlace } from './providers.ts'
import type { SettingsReader } from './reader.ts'
import { readRevokers } from './revokers.ts'

/** What reads the settings that few sites have. The `oauth` function loads it only for them. */
export { readTrusted } from './companies-and-machines.ts'
export { readConfiguredClients } from './configured-clients.ts'
export { rareRows } from './rows/rare.ts'

/** Returns what the authorization server metadata says about Global Token Revocation. `undefined` where no service may end people. */
export const readRevocation = (settings: SettingsReader, issuer: string) =>
  settings.read('MCP_OAUTH_REVOKERS') && { global_token_revocation_endpoint: issuer + globalRevocationPath }

/** What a sign-out or a revocation at the provider ends here. `places`: the providers of `MCP_PROVIDERS`, and the default one. */
export const readLogout = (
  settings: SettingsReader,
  provider: string | undefined,
  places?: readonly ProviderPlace[],
) => ({
  /** A sign-out ends every grant of the person, and not only sessions of browsers (N4). */
  endsGrants: settings.read('MCP_OAUTH_LOGOUT_ENDS_GRANTS') === true,
  /** The services that may end people. */
  revokers: readRevokers(settings, provider, places),
})
