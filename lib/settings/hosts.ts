import type { SettingsReader } from './reader.ts'

/** The hosts, beside the issuer's, at which this service answers. */
export type HostSettings = ReturnType<typeof readHosts>

export const readHosts = (settings: SettingsReader) => ({
  /** Hosts of a documentation site that passes requests on to this one. */
  proxyHosts: settings.read('MCP_OAUTH_PROXY_HOSTS') ?? [],
  /** Previews also answer at `<label>.<domain>`: Netlify's automatic deploy subdomains and branch subdomains. */
  previewDomains: settings.read('MCP_OAUTH_PREVIEW_DOMAINS') ?? [],
})
