import { hash } from 'node:crypto'
import type { HostSettings } from '../settings/hosts.ts'
import type { Environment } from '../settings/reader.ts'
import type { Site } from '../settings/site.ts'
import { isSecureUrl } from '../settings/urls.ts'

/** What the platform reports about the deploy that answers. */
export interface Deploy {
  /** `production`, `deploy-preview`, `branch-deploy`, `dev` or a custom name. */
  readonly context: string
  readonly siteName: string
  readonly siteUrl: string | undefined
}

const storeName = 'mcp-oauth-broker'

/** Whether the deploy has the configured issuer. Previews and branches each have their own, from their host. */
export const isOwnDeploy = ({ context }: Deploy): boolean => context === 'production' || context === 'dev'

/** Returns `MCP_OAUTH_ISSUER`, or else the URL of the site; `null` if the service could not answer at that URL. */
export function configuredIssuer(env: Environment, deploy: Deploy): string | null {
  const issuer = env.MCP_OAUTH_ISSUER?.trim() || deploy.siteUrl
  return issuer !== undefined && isSecureUrl(issuer) ? issuer : null
}

/**
 * Returns the site of a request by its host. `null` for a host that is not the service's, such as a permalink or an alias:
 * it must not act with production's keys, and every endpoint answers 404.
 */
export function siteOf(
  host: string,
  env: Environment,
  deploy: Deploy,
  { proxyHosts, previewDomains, accountOrigin }: HostSettings,
): Site | null {
  const issuer = configuredIssuer(env, deploy)
  const isAccountHost = accountOrigin !== undefined && host === new URL(accountOrigin).host
  if (isOwnDeploy(deploy)) {
    if (issuer === null) return null
    const own = host === new URL(issuer).host || isAccountHost || proxyHosts.includes(host)
    if (!own) return null
    const netlifyDev = deploy.context === 'dev' && env.NETLIFY_DEV === 'true'
    return { issuer, storeName, production: deploy.context === 'production', netlifyDev }
  }
  const ofProduction = [issuer, deploy.siteUrl].some((url) => url && URL.parse(url)?.host === host)
  if (ofProduction || isAccountHost || proxyHosts.includes(host) || !isPreviewHost(host, deploy, previewDomains))
    return null
  return {
    issuer: `https://${host}`,
    storeName: `${storeName}-${hash('sha256', host, 'base64url').slice(0, 16)}`,
    production: false,
    preview: true,
  }
}

/** Matches `<deploy-preview-N | branch>--<site>.netlify.app` and `<the same>.<domain>`, and no host that only ends like it. */
function isPreviewHost(host: string, { siteName }: Deploy, domains: readonly string[]): boolean {
  const suffixes = domains.map((domain) => `.${domain}`)
  if (siteName !== '') suffixes.push(`--${siteName}.netlify.app`)
  return suffixes.some((suffix) => {
    // Netlify replaces every character of a branch name except letters and digits by `-`, also at its end.
    return host.endsWith(suffix) && /^[a-z0-9_][a-z0-9_-]*$/.test(host.slice(0, -suffix.length))
  })
}

/** Returns the hosts at which the service answers, for the log line about a request to another host. */
export function hostsExpected(env: Environment, deploy: Deploy, { previewDomains }: HostSettings): string {
  if (isOwnDeploy(deploy)) return configuredIssuer(env, deploy) ?? ''
  return [`--${deploy.siteName}.netlify.app`, ...previewDomains.map((domain) => `.${domain}`)]
    .map((suffix) => `https://<preview>${suffix}`)
    .join(', ')
}
