import { accountRoutes, openAccountRoutes } from '../account/account-routes.ts'
import { isAdmin } from '../account/admins.ts'
import { createConnections } from '../account/connections.ts'
import { createSessionForms } from '../account/forms.ts'
import { createAccountRouter, type RouterOptions } from '../account/router.ts'
import { createSessions } from '../account/session.ts'
import { sessionRoute } from '../account/session-status.ts'
import type { Call } from '../base/call.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { readFence } from '../oauth/grants/fence.ts'
import { createGrants } from '../oauth/grants/grants.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { Site } from '../settings/site.ts'
import { composeAudit } from './audit.ts'
import { audited } from './audited.ts'
import { log } from './log.ts'
import { privacyOf, privacySurroundings } from './privacy.ts'
import { storeOf } from './store.ts'

/** The account and admin pages of a site. */
export interface Account {
  fetch(request: Request, call: Call): Promise<Response>
}

/** Composes the account and admin pages from the settings. They answer at one origin only, and everything else is a 404 (N13). */
export async function composeAccount(configuration: Configuration, site: Site): Promise<Account> {
  const { issuer, account, signIn, brand } = configuration
  if (!account || !signIn) return { fetch: async () => notFound() }
  const { origin } = account
  const now = Date.now
  const store = storeOf(site)
  const sealing = createSealing(issuer, signIn.secrets)
  const sessions = createSessions({ origin, sealing, now })
  const forms = createSessionForms(sealing)
  const grants = createGrants({ store, now, grace: signIn.lifetimes.grace, log })
  const connections = createConnections(store, grants, now)
  const privacy = privacyOf(configuration, signIn, privacySurroundings(site, sealing))
  const audit = composeAudit(configuration, store)
  const fence: RouterOptions['fence'] = (sub, signal) => readFence(store, sub, signal)
  const router = createAccountRouter({
    origin,
    brand,
    sessions,
    forms,
    isAdmin: (session) => isAdmin(session, account.admins, now()),
    fence,
    // The pages of `/account`, then those of `/admin`, each from the room that makes them.
    routes: [...accountRoutes({ origin, brand, sessions, ...audited({ connections, privacy }, audit), log })],
    open: [
      ...openAccountRoutes({ origin, brand, sessions, forms }),
      sessionRoute({ origin, sessionOrigins: account.sessionOrigins, sessions, fence }),
    ],
    now,
    log,
  })
  const { host } = new URL(origin)
  return {
    async fetch(request, call) {
      // `/admin/api` with its token alone also answers at the issuer's host: that is its place, before this line.
      return new URL(request.url).host === host ? router.fetch(request, call) : notFound()
    },
  }
}

const notFound = () => jsonResponse({ error: 'not_found' }, { status: 404 })
