import { lifetimes } from '../oauth/capabilities.ts'
import type { Secrets } from '../oauth/keys/secrets.ts'
import type { Brand } from '../pages/brand.ts'
import { type ClientSettings, readClients } from './clients.ts'
import { type LimitSettings, readLimits } from './limits.ts'
import { readUpstream, type UpstreamSettings } from './provider.ts'
import type { SettingsReader } from './reader.ts'
import type { Site } from './site.ts'

/** What signing in needs. */
export interface FlowSettings extends ClientSettings {
  readonly secrets: Secrets
  readonly upstream: UpstreamSettings
  /** Seconds. */
  readonly lifetimes: {
    readonly accessToken: number
    readonly refreshToken: number
    readonly grant: number
    readonly grace: number
  }
  /** Seconds from approval in which the person is to have signed in. */
  readonly signInLifetime: number
  readonly limits: LimitSettings
  readonly crmWebhookUrl: string | undefined
}

const day = 86_400

/** `null` where there is no secret or no upstream; every other problem is in `settings`. */
export function readFlow(
  settings: SettingsReader,
  {
    site,
    brand,
    proxyHosts,
    secrets,
  }: {
    readonly site: Site
    readonly brand: Brand
    readonly proxyHosts: readonly string[]
    readonly secrets: Secrets | null
  },
): FlowSettings | null {
  const upstream = readUpstream(settings, site, brand)
  const rest = {
    lifetimes: {
      accessToken: settings.integer('MCP_OAUTH_ACCESS_TTL', { min: 60, max: day, default: 3600 }),
      refreshToken: settings.integer('MCP_OAUTH_REFRESH_TTL', { min: 3600, max: 180 * day, default: 30 * day }),
      grant: 180 * day,
      grace: settings.integer('MCP_OAUTH_REFRESH_GRACE', { min: 0, max: 600, default: 60 }),
    },
    signInLifetime: settings.integer('MCP_OAUTH_SIGN_IN_TTL', { min: 1, max: 3600, default: lifetimes.signIn }),
    ...readClients(settings, site, proxyHosts),
    limits: readLimits(settings),
    crmWebhookUrl: settings.url('CRM_WEBHOOK_URL'),
  }
  return secrets && upstream && { secrets, upstream, ...rest }
}
