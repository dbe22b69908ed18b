import type { AddressRange } from '../limits/address.ts'
import type { Secrets } from '../oauth/keys/secrets.ts'
import { readClients } from './clients.ts'
import { readLimits } from './limits.ts'
import { readProvider } from './provider.ts'
import type * as Rare from './rare.ts'
import type { SettingsReader } from './reader.ts'
import { readReceivers } from './receivers.ts'
import type { Site } from './site.ts'

/** What a sign-in needs. */
export type SignInSettings = NonNullable<ReturnType<typeof readSignIn>>

/** Seconds: 180 days. */
const grantLifetime = 15_552_000

/** What other settings say about the sign-in. */
interface Surroundings {
  readonly site: Site
  /** Hosts at which requests for the issuer arrive too. */
  readonly proxyHosts: readonly string[]
  readonly secrets: Secrets | null
  /** Addresses without limits. */
  readonly exempt: readonly AddressRange[]
  /** Absent if no rare setting is set. */
  readonly rare: typeof Rare | undefined
}

/** Reads what a sign-in needs. `null` without a secret or an OpenID Provider; every other problem is in `settings` only. */
export function readSignIn(settings: SettingsReader, { site, proxyHosts, secrets, exempt, rare }: Surroundings) {
  const provider = readProvider(settings, site)
  const rest = {
    /** Seconds. */
    lifetimes: {
      accessToken: settings.read('MCP_OAUTH_ACCESS_TTL'),
      refreshToken: settings.read('MCP_OAUTH_REFRESH_TTL'),
      grant: grantLifetime,
      grace: settings.read('MCP_OAUTH_REFRESH_GRACE'),
    },
    /** Seconds from approval in which the user must sign in. */
    signInLifetime: settings.read('MCP_OAUTH_SIGN_IN_TTL'),
    ...readClients(settings, site, proxyHosts, rare),
    limits: readLimits(settings, exempt),
    receivers: readReceivers(settings),
  }
  return secrets && provider && { secrets, provider, ...rest }
}
