import { hostOf, type SettingsReader } from './reader.ts'

/** Other hosts than the issuer's at which this service answers. */
export interface HostSettings {
  /** Of a documentation site that passes requests on to this one. */
  readonly proxyHosts: readonly string[]
  /** Previews answer at `<label>.<domain>` as well: Netlify's automatic deploy subdomains and branch subdomains. */
  readonly previewDomains: readonly string[]
}

export function readHosts(settings: SettingsReader): HostSettings {
  return {
    proxyHosts: settings.entries('MCP_OAUTH_PROXY_HOSTS', 'a host, with its port if it has one', hostOf) ?? [],
    previewDomains:
      settings.entries('MCP_OAUTH_PREVIEW_DOMAINS', 'a domain, such as previews.example.com', (entry) => {
        const host = hostOf(entry)
        return host && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$/.test(host) ? host : null
      }) ?? [],
  }
}
