import type { ListedProvider } from '../oauth/providers/presets/preset.ts'
import type { Roles } from '../people/roles/role.ts'
import type { ReadListed } from './listed.ts'
import { type McpSettings, readMcp } from './mcp.ts'
import { readObservability } from './observability.ts'
import { privateScope } from './private-scope.ts'
import type * as Rare from './rare.ts'
import { createSettingsReader, type Environment, type Problem, type SettingsReader } from './reader.ts'
import { mcpRows } from './rows/mcp.ts'
import { observabilityRows } from './rows/observability.ts'
import { signInRows } from './rows/sign-in.ts'
import { storeRows } from './rows/store.ts'
import { closed, readShared, type SignInConfiguration } from './sign-in-configuration.ts'
import type { Site } from './site.ts'
import { readStore, type StoreSettings } from './store.ts'
import type { SettingName } from './table.ts'
import { readToolChoices, type ToolChoices } from './tool-choices.ts'

/** All settings, read and checked once per instance. */
export interface Configuration extends SignInConfiguration {
  /** Who may call `/mcp`, and what its tools do. Usable only where `mcp` is in service. */
  readonly mcp: McpSettings
  readonly tools: ToolChoices
  readonly store: StoreSettings
  /** Who may do what. `undefined`: there are no roles. */
  readonly roles: Roles | undefined
  /** The usable providers of `MCP_PROVIDERS`. */
  readonly providers: readonly ListedProvider[]
  /** What a sign-out at the provider ends, and who may end people. `undefined`: sessions of browsers, and none. */
  readonly logout: ReturnType<typeof Rare.readLogout> | undefined
}

/** Reads the roles once every other setting has been read. Its code is loaded only where the setting is there. */
export type ReadRoles = (settings: SettingsReader<SettingName>, tools: ToolChoices) => Roles | undefined

/**
 * Reads every setting.
 *
 * @param rare absent if no rare setting is set
 * @param readListed absent: the providers of `MCP_PROVIDERS` are not read, and there is no admin if the setting has any
 */
export function readWhole(
  env: Environment,
  site: Site,
  rare: typeof Rare | undefined,
  readRoles?: ReadRoles,
  readListed: ReadListed = unread,
): Configuration {
  const settings: SettingsReader<SettingName> = createSettingsReader(env, {
    ...signInRows,
    ...rare?.rareRows,
    ...mcpRows,
    ...storeRows,
    ...observabilityRows,
  })
  const shared = readListed(settings, readShared(settings, site, rare))
  const store = readStore(settings)
  const { brand } = shared.configuration
  const mcp = readMcp(settings, shared)
  // Read here for the problems: telemetry reads its settings when it is loaded.
  readObservability(settings)
  // The vault and the headers read their settings where they are used.
  settings.read('MCP_VAULT_KEYS')
  settings.read('MCP_VAULT_SCOPES')
  settings.read('MCP_HSTS')
  settings.read('MCP_VAULT_AUDIENCE')
  const provider = settings.text('UPSTREAM_ISSUER') ?? signInRows.UPSTREAM_ISSUER.ofRedpanda
  const logout = rare?.readLogout(settings, provider, shared.places)
  const tools = readToolChoices(settings, { ...shared, brand, siteUrl: site.issuer })
  const roles = readRoles?.(settings, tools)
  const configuration = closed(settings, shared)
  const { scopesOffered } = configuration
  return {
    ...configuration,
    scopesOffered: tools.privatePages ? [...scopesOffered, privateScope] : scopesOffered,
    mcp,
    tools,
    store,
    roles,
    logout,
    providers: shared.providers,
  }
}

/** Where the providers of `MCP_PROVIDERS` are not read, there is no admin. */
const unread: ReadListed = (_settings, { configuration, ...rest }) => {
  const { listed, account } = configuration
  const admins = listed ? [] : configuration.admins
  return {
    ...rest,
    configuration: { ...configuration, admins, account: account && { ...account, admins } },
    providers: [],
  }
}

/** What is wrong with the settings, as the log tells it. Never a value. */
export interface Review {
  /** The services that are out of service. */
  readonly closed: string
  /** Empty: nothing is wrong. */
  readonly problems: string
  /** Names that look like settings of this service but are not. */
  readonly unread: string
}

/** The problems as one text, for the log and the terminal. */
export const textOf = (problems: readonly Problem[]) => problems.map(({ text }) => text).join('; ')
