import { type BlockList, parseBlockList } from '../oauth/clients/blocked-clients.ts'
import { defaultPrivateUseUris } from '../oauth/clients/redirect-uri.ts'
import { vendorRedirects } from '../oauth/clients/vendor-redirects.ts'
import { adminScope, scopes } from './docs-resource.ts'
import type * as Rare from './rare.ts'
import type { SettingsReader } from './reader.ts'
import type { Site } from './site.ts'
import { isLoopbackHttp } from './urls.ts'

/** Which clients may sign users in, and where the answers may go. */
export type ClientSettings = ReturnType<typeof readClients>

/**
 * @param proxyHosts at which requests for the issuer arrive too
 * @param rare absent if no rare setting is set
 */
export function readClients(
  settings: SettingsReader,
  site: Site,
  proxyHosts: readonly string[],
  rare: typeof Rare | undefined,
) {
  const policy = {
    scopes,
    adminScope,
    privateUseUris: settings.read('MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS') ?? defaultPrivateUseUris,
    listedSchemesOnly: settings.read('MCP_OAUTH_PRIVATE_USE_SCHEMES') === true,
  }
  const configuredClients = rare?.readConfiguredClients(settings, policy) ?? []
  const configuredUris = configuredClients.flatMap(({ redirectUris }) => redirectUris)
  const allowedHosts = settings.read('MCP_OAUTH_CIMD_ALLOWED_HOSTS')
  return {
    redirectPolicy: {
      ...policy,
      ownHosts: new Set([URL.parse(site.issuer)?.host ?? '', ...proxyHosts]),
      configuredUris: new Set(configuredUris),
    },
    /**
     * Entries for `isTrustedRedirect`: hosts, hosts with a path, and whole URIs. The operator vouches for configured clients
     * too. Their entries are whole URIs: each stands for exactly itself.
     */
    trustedRedirects: new Set([...(settings.read('MCP_OAUTH_TRUSTED_HOSTS') ?? vendorRedirects), ...configuredUris]),
    /** False: no consent page for trusted hosts when no other site sent the user. */
    interstitial: settings.read('MCP_OAUTH_INTERSTITIAL'),
    /** A client must send this token to register; `undefined`: every client may register. */
    registrationToken: settings.read('MCP_OAUTH_REGISTRATION_TOKEN'),
    blockedClients: parseBlockList(settings.read('MCP_OAUTH_BLOCKED_CLIENTS') ?? []) ?? noBlocks,
    /** Clients that the operator registered in the settings. */
    configuredClients,
    /** `undefined`: every host may serve client metadata documents. */
    cimdAllowedHosts: allowedHosts && new Set(allowedHosts),
    /** Exact origins of client metadata documents on this machine, for tests and development. */
    cimdLocalOrigins: readLocalOrigins(settings, site),
  }
}

const noBlocks: BlockList = { hashes: new Set(), hosts: new Set(), before: 0 }

function readLocalOrigins(settings: SettingsReader, site: Site): readonly string[] {
  const origins = settings.read('MCP_OAUTH_CIMD_LOCAL_ORIGINS') ?? []
  if (origins.length > 0 && !isLoopbackHttp(site.issuer)) {
    settings.complain('MCP_OAUTH_CIMD_LOCAL_ORIGINS', ' is for an issuer on loopback http only')
  }
  return origins
}
