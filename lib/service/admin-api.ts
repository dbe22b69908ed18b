import { type AdminApi, createAdminApi } from '../account/admin-api/admin-api.ts'
import type { CallerOptions } from '../account/admin-api/caller.ts'
import { doctorRoutes } from '../account/admin-api/doctor-routes.ts'
import { adminApiRoutes } from '../account/admin-api/routes.ts'
import type { Limit } from '../base/rate-limit.ts'
import { whenNeeded } from '../base/when-needed.ts'
import { createInstanceLimit } from '../limits/instance-limit.ts'
import { createLimiter } from '../limits/limiter.ts'
import { deriveKey } from '../oauth/keys/secrets.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { SignInSettings } from '../settings/sign-in.ts'
import type { Site } from '../settings/site.ts'
import type { Store } from '../store/store.ts'
import type { Admin } from './admin.ts'
import { log } from './log.ts'

/** Wrong tokens of one address (N30). No address is exempt: no vendor sends admin tokens. */
const wrongTokens: Limit = { limit: 10, windowSeconds: 900 }

/** Composes `/admin/api`. `browser` is absent where there are no account pages. */
export function adminApiOf(
  configuration: Configuration,
  { secrets }: Pick<SignInSettings, 'secrets'>,
  parts: {
    readonly site: Site
    readonly store: Store
    readonly admin: Admin
    readonly browser: CallerOptions['browser']
  },
): AdminApi {
  const { site, store, admin, browser } = parts
  const { issuer, adminTokens: tokens } = configuration
  const now = Date.now
  const key = deriveKey(secrets.current, issuer, 'limits').bytes
  const guesses = createLimiter({ store, name: 'admin-tokens', ...wrongTokens, exempt: [], key, now, log })
  return createAdminApi({
    callers: { tokens, guesses, ...(browser && { browser }), now, log },
    routes: adminApiRoutes({ ...admin, doctor: doctorOf(configuration, site), now }),
    log,
  })
}

/**
 * Composes what is left of `/admin/api` while sign-in is out of service: the addresses of `npm run doctor`, which say what is wrong.
 * Without a secret, the wrong tokens of an address are counted by this instance alone.
 */
export function adminApiOutOfService(configuration: Configuration, site: Site): AdminApi {
  const now = Date.now
  const guesses = createInstanceLimit({ ...wrongTokens, exempt: [], now })
  return createAdminApi({
    callers: { tokens: configuration.adminTokens, guesses, now, log },
    routes: doctorRoutes(doctorOf(configuration, site)),
    log,
  })
}

const doctorOf = (configuration: Configuration, site: Site) =>
  whenNeeded(async () => (await import('./doctor.ts')).composeDoctor(configuration, site))
