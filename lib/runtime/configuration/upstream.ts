import type { Brand } from '../../oauth/pages/brand.ts'
import type { SettingsReader } from '../settings.ts'
import type { Site } from '../site.ts'
import { redpandaOnly } from './brand.ts'

/** The OpenID Provider, or the development mock of one. */
export type UpstreamSettings =
  | { readonly kind: 'mock' }
  | { readonly kind: 'oidc'; readonly issuer: string; readonly clientId: string; readonly clientSecret?: string }

/** Whatever would silently fall back to the mock is a misconfiguration (F-000-38). */
export function readUpstream(settings: SettingsReader, site: Site, brand: Brand): UpstreamSettings | null {
  const issuer =
    settings.url('UPSTREAM_ISSUER', 'REDPANDA_OAUTH_ISSUER') ??
    redpandaOnly(brand, 'https://auth.prd.cloud.redpanda.com/')
  const clientId = settings.text('UPSTREAM_CLIENT_ID', 'REDPANDA_OAUTH_CLIENT_ID')
  const clientSecret = settings.text('UPSTREAM_CLIENT_SECRET')
  if (clientId !== undefined && issuer === undefined) {
    settings.complain('UPSTREAM_ISSUER is missing')
    return null
  }
  if (clientId !== undefined && issuer !== undefined) {
    return { kind: 'oidc', issuer, clientId, ...(clientSecret === undefined ? {} : { clientSecret }) }
  }
  const wanted =
    settings.flag('NETLIFY_DEV', { malformed: false }) || settings.flag('MCP_OAUTH_ALLOW_MOCK', { malformed: false })
  if (wanted && !site.production) return { kind: 'mock' }
  settings.complain(
    wanted ? 'the mock upstream is not for production: UPSTREAM_CLIENT_ID is missing' : 'UPSTREAM_CLIENT_ID is missing',
  )
  return null
}
