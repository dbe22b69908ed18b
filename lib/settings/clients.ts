import { type BlockList, parseBlockList } from '../oauth/clients/blocked-clients.ts'
import type { Client } from '../oauth/clients/client.ts'
import { parseConfiguredClients } from '../oauth/clients/configured-clients.ts'
import { isHost } from '../oauth/clients/host.ts'
import { defaultPrivateUseUris, parseRedirectUri, type RedirectPolicy } from '../oauth/clients/redirect-uri.ts'
import { isSomebodys, isTrustedEntry } from '../oauth/clients/trusted-redirect.ts'
import { readRegistrationToken } from './operator-tokens.ts'
import { isLoopbackHttp, jsonOf, type SettingsReader } from './reader.ts'
import type { Site } from './site.ts'

/** Who may be a client, and where answers may go. */
export interface ClientSettings {
  readonly redirectPolicy: RedirectPolicy
  /** Entries of `isTrustedRedirect`. */
  readonly trustedHosts: ReadonlySet<string>
  /** False: no consent page for trusted hosts when the person came by themselves. */
  readonly interstitial: boolean
  /** Who registers has to show it; `undefined`: anybody may register. */
  readonly registrationToken: string | undefined
  readonly blockedClients: BlockList
  /** Those that the operator registered beforehand. */
  readonly configuredClients: readonly Client[]
  /** `undefined`: any host may serve metadata documents. */
  readonly cimdAllowedHosts: ReadonlySet<string> | undefined
  /** Exact origins of metadata documents on this machine, for tests and development. */
  readonly cimdLocalOrigins: readonly string[]
}

/** Callbacks of the web clients that the vendors document; the people who use them need not confirm where an answer goes. */
const defaultTrustedHosts = [
  'claude.ai/api/mcp/auth_callback',
  'claude.com/api/mcp/auth_callback',
  'chatgpt.com/connector_platform_oauth_redirect',
  'chatgpt.com/connector/oauth/',
  'vscode.dev/redirect',
  'insiders.vscode.dev/redirect',
  'www.cursor.com/agents/mcp/oauth/callback',
  'antigravity.google/oauth-callback',
  'grok.com/connectors-oauth-exchange-code/',
  'console.x.ai/connectors-oauth-exchange-code/',
]

/** @param proxyHosts at which requests for the issuer arrive, too */
export function readClients(settings: SettingsReader, site: Site, proxyHosts: readonly string[]): ClientSettings {
  const privateUse = readPrivateUse(settings)
  const configuredClients = readConfiguredClients(settings, privateUse)
  return {
    redirectPolicy: {
      ...privateUse,
      ownHosts: new Set([URL.parse(site.issuer)?.host ?? '', ...proxyHosts]),
      configuredUris: new Set(configuredClients.flatMap(({ redirectUris }) => redirectUris)),
    },
    trustedHosts: readTrustedHosts(settings, configuredClients),
    interstitial: settings.onOff('MCP_OAUTH_INTERSTITIAL'),
    registrationToken: readRegistrationToken(settings),
    blockedClients: readBlockedClients(settings),
    configuredClients,
    ...readMetadataDocuments(settings, site),
  }
}

function readPrivateUse(settings: SettingsReader): RedirectPolicy {
  // What a template stands for has to be usable, where it stands for anything.
  const isUsable = (uri: string) => {
    const example = uri.replace(/\/\*$/, '/x')
    return !example.includes('*') && parseRedirectUri(example, { privateUseUris: [uri] }).kind === 'private-use'
  }
  const privateUseUris =
    settings.entries('MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS', 'a usable URI of an app', those(isUsable)) ??
    defaultPrivateUseUris
  const schemes = settings.text('MCP_OAUTH_PRIVATE_USE_SCHEMES') ?? 'any'
  if (schemes !== 'any' && schemes !== 'listed') {
    settings.complain('MCP_OAUTH_PRIVATE_USE_SCHEMES must be any or listed')
  }
  return { privateUseUris, listedSchemesOnly: schemes !== 'any' }
}

/** For `SettingsReader.entries`: as they stand, those that are of a form. */
const those = (isEntry: (entry: string) => boolean) => (entry: string) => (isEntry(entry) ? entry : null)

/** Whoever configures a client vouches for its redirect URIs. */
function readTrustedHosts(settings: SettingsReader, configuredClients: readonly Client[]): ReadonlySet<string> {
  const must = "somebody's own host in lower case, with a path or without, and no scheme"
  const isEntry = those((entry) => isTrustedEntry(entry) && isSomebodys(entry))
  const entries = settings.entries('MCP_OAUTH_TRUSTED_HOSTS', must, isEntry) ?? defaultTrustedHosts
  // Whole URIs: no entry of the setting is one, and none of them stands for more than itself.
  return new Set([...entries, ...configuredClients.flatMap(({ redirectUris }) => redirectUris)])
}

function readBlockedClients(settings: SettingsReader): BlockList {
  const must = "a client's hash, a host in lower case without a scheme, or before:<date>"
  const isEntry = those((entry) => parseBlockList([entry]) !== null)
  const entries = settings.entries('MCP_OAUTH_BLOCKED_CLIENTS', must, isEntry) ?? []
  return parseBlockList(entries) ?? { hashes: new Set(), hosts: new Set(), before: 0 }
}

function readConfiguredClients(settings: SettingsReader, policy: RedirectPolicy): readonly Client[] {
  const text = settings.text('MCP_OAUTH_CLIENTS') ?? '[]'
  const { clients, complaints } = parseConfiguredClients(jsonOf(text), policy)
  for (const complaint of complaints) settings.complain(`MCP_OAUTH_CLIENTS${complaint}`)
  return clients
}

function readMetadataDocuments(
  settings: SettingsReader,
  site: Site,
): Pick<ClientSettings, 'cimdAllowedHosts' | 'cimdLocalOrigins'> {
  const host = 'a host in lower case, with its port if it has one, and no scheme'
  const hosts = settings.entries('MCP_OAUTH_CIMD_ALLOWED_HOSTS', host, those(isHost))
  const isOrigin = (entry: string) => entry.startsWith('https://') && URL.parse(entry)?.origin === entry
  const cimdLocalOrigins =
    settings.entries('MCP_OAUTH_CIMD_LOCAL_ORIGINS', 'an https origin without a path', those(isOrigin)) ?? []
  if (cimdLocalOrigins.length > 0 && !isLoopbackHttp(site.issuer)) {
    settings.complain('MCP_OAUTH_CIMD_LOCAL_ORIGINS is for an issuer on loopback http only')
  }
  return { cimdAllowedHosts: hosts && new Set(hosts), cimdLocalOrigins }
}
