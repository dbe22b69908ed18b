import type { Brand } from '../pages/brand.ts'
import { noDefault, redpandaOnly } from './brand.ts'
import type { SettingsReader } from './reader.ts'
import type { Site } from './site.ts'

/** The OpenID Provider, or the development mock of one. */
export type UpstreamSettings =
  | { readonly kind: 'mock' }
  | { readonly kind: 'oidc'; readonly issuer: string; readonly clientId: string; readonly clientSecret?: string }

/** Whatever would silently fall back to the mock is a misconfiguration (F-000-38). */
export function readUpstream(settings: SettingsReader, site: Site, brand: Brand): UpstreamSettings | null {
  const issuer = readIssuer(settings) ?? redpandaOnly(brand, 'https://auth.prd.cloud.redpanda.com/')
  const clientId = settings.word(...clientIdNames)
  const clientSecret = settings.line('UPSTREAM_CLIENT_SECRET', 2000)
  // Each is read whatever else is set: a mistyped one is told, too, where it makes no difference yet.
  const flags = ['NETLIFY_DEV', 'MCP_OAUTH_ALLOW_MOCK'].map((name) => settings.flag(name, { malformed: false }))
  const mockWanted = flags.includes(true)
  const noClientId = settings.text(...clientIdNames) === undefined
  if (noClientId && mockWanted && !site.production) return { kind: 'mock' }
  if (noClientId) {
    settings.complain(`${mockWanted ? 'the mock upstream is not for production: ' : ''}UPSTREAM_CLIENT_ID is missing`)
  }
  if (settings.text(...issuerNames) === undefined && issuer === undefined) {
    settings.complain(`UPSTREAM_ISSUER is missing: ${noDefault}`)
  }
  if (clientId === undefined || issuer === undefined) return null
  return { kind: 'oidc', issuer, clientId, ...(clientSecret === undefined ? {} : { clientSecret }) }
}

const clientIdNames = ['UPSTREAM_CLIENT_ID', 'REDPANDA_OAUTH_CLIENT_ID']
const issuerNames = ['UPSTREAM_ISSUER', 'REDPANDA_OAUTH_ISSUER']

function readIssuer(settings: SettingsReader): string | undefined {
  const issuer = settings.url(...issuerNames)
  // OpenID Connect Discovery §3: neither a query nor a fragment; and people copy the address of the metadata.
  if (issuer === undefined || !/[?#]|\/\.well-known\//.test(issuer)) return issuer
  settings.complain('UPSTREAM_ISSUER must be the issuer: no ? and no #, and what stands before /.well-known/')
  return undefined
}
