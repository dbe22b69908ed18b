import { createSettingsReader, type Environment, type SettingsReader } from './reader.ts'
import { signInRows } from './rows/sign-in.ts'

/** The hosts, beside the issuer's, at which this service answers. */
export interface HostSettings {
  /** Hosts of a documentation site that passes requests on to this one. */
  readonly proxyHosts: readonly string[]
  /** Previews also answer at `<label>.<domain>`: Netlify's automatic deploy subdomains and branch subdomains. */
  readonly previewDomains: readonly string[]
  /** `MCP_ACCOUNT_ORIGIN`. Previews do not answer there. */
  readonly accountOrigin?: string | undefined
}

export const readHosts = (settings: SettingsReader<keyof typeof signInRows>): HostSettings => ({
  proxyHosts: settings.read('MCP_OAUTH_PROXY_HOSTS') ?? [],
  previewDomains: settings.read('MCP_OAUTH_PREVIEW_DOMAINS') ?? [],
  accountOrigin: settings.read('MCP_ACCOUNT_ORIGIN'),
})

/** The same, from the environment alone. */
export const hostsIn = (env: Environment): HostSettings => readHosts(createSettingsReader(env, signInRows))
