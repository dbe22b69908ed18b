import { hash } from 'node:crypto'
import type { Environment } from './settings.ts'

/** Which site a request belongs to: decides the issuer and the store. */
export interface Site {
  /** Configured, or derived from the deploy: never taken from a header alone (D-04). */
  readonly issuer: string
  /** Previews have stores of their own: a site-wide store would be production's (O-16). */
  readonly storeName: string
  /** Published production: no mock, no local exceptions. */
  readonly production: boolean
}

/** What the platform says about the deploy that answers. */
export interface Deploy {
  /** `production`, `deploy-preview`, `branch-deploy`, `dev` or a custom name. */
  readonly context: string
  readonly siteName: string
  readonly siteUrl: string | undefined
}

const storeName = 'mcp-oauth-broker'

/** Has one configured issuer; previews and branches have one each, by their host. */
export const isOwnDeploy = ({ context }: Deploy): boolean => context === 'production' || context === 'dev'

/** `MCP_OAUTH_ISSUER`, else the site's own URL; `null` if neither is a URL. */
export function configuredIssuer(env: Environment, deploy: Deploy): string | null {
  const issuer = env.MCP_OAUTH_ISSUER?.trim() || deploy.siteUrl
  return issuer !== undefined && URL.canParse(issuer) ? issuer : null
}

/**
 * The site of a request by its host. `null`: this host is not ours to answer for (a permalink, an alias), so that it
 * must not act with production's keys; every endpoint answers 404.
 * `proxyHosts`: hosts of a documentation site that passes requests on to this one.
 */
export function siteOf(host: string, env: Environment, deploy: Deploy, proxyHosts: readonly string[]): Site | null {
  if (isOwnDeploy(deploy)) {
    const issuer = configuredIssuer(env, deploy)
    if (issuer === null) return null
    const own = host === new URL(issuer).host || proxyHosts.includes(host)
    return own ? { issuer, storeName, production: deploy.context === 'production' } : null
  }
  // <deploy-preview-N | branch>--<site>.netlify.app, and nothing that merely ends like it.
  const suffix = `--${deploy.siteName}.netlify.app`
  const label = host.endsWith(suffix) ? host.slice(0, -suffix.length) : ''
  if (deploy.siteName === '' || !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(label)) return null
  return {
    issuer: `https://${host}`,
    storeName: `${storeName}-${hash('sha256', host, 'base64url').slice(0, 16)}`,
    production: false,
  }
}
