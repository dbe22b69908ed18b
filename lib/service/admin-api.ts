import { type AdminApi, createAdminApi } from '../account/admin-api/admin-api.ts'
import type { CallerOptions } from '../account/admin-api/caller.ts'
import { adminApiRoutes } from '../account/admin-api/routes.ts'
import type { Limit } from '../base/rate-limit.ts'
import { createLimiter } from '../limits/limiter.ts'
import { deriveKey } from '../oauth/keys/secrets.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { SignInSettings } from '../settings/sign-in.ts'
import type { Store } from '../store/store.ts'
import type { Admin } from './admin.ts'
import { log } from './log.ts'

/** Wrong tokens of one address (N30). No address is exempt: no vendor sends admin tokens. */
const wrongTokens: Limit = { limit: 10, windowSeconds: 900 }

/** Composes `/admin/api`. `browser` is absent where there are no account pages. */
export function adminApiOf(
  { issuer, adminTokens: tokens }: Pick<Configuration, 'issuer' | 'adminTokens'>,
  { secrets }: Pick<SignInSettings, 'secrets'>,
  parts: { readonly store: Store; readonly admin: Admin; readonly browser: CallerOptions['browser'] },
): AdminApi {
  const { store, admin, browser } = parts
  const now = Date.now
  const key = deriveKey(secrets.current, issuer, 'limits').bytes
  const guesses = createLimiter({ store, name: 'admin-tokens', ...wrongTokens, exempt: [], key, now, log })
  return createAdminApi({
    callers: { tokens, guesses, ...(browser && { browser }), now, log },
    routes: adminApiRoutes({ ...admin, now }),
    log,
  })
}
