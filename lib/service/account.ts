import { accountRoutes, openAccountRoutes } from '../account/account-routes.ts'
import { isAdmin } from '../account/admins.ts'
import { createConnections } from '../account/connections.ts'
import { createSessionForms } from '../account/forms.ts'
import { createAccountRouter, type RouterOptions } from '../account/router.ts'
import { createSessions } from '../account/session.ts'
import { sessionRoute } from '../account/session-status.ts'
import type { Call } from '../base/call.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { endGrantsOf } from '../oauth/grants/end-person.ts'
import { fenceKey, readFence } from '../oauth/grants/fence.ts'
import { createGrants, type Grants } from '../oauth/grants/grants.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import type { Privacy } from '../people/privacy/privacy.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { Site } from '../settings/site.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'
import { storeOf } from './store.ts'

/** The account and admin pages of a site. */
export interface Account {
  fetch(request: Request, call: Call): Promise<Response>
}

/** Composes the account and admin pages from the settings. They answer at one origin only, and everything else is a 404 (N13). */
export async function composeAccount({ issuer, account, signIn, brand }: Configuration, site: Site): Promise<Account> {
  if (!account || !signIn) return { fetch: async () => notFound() }
  const { origin } = account
  const now = Date.now
  const store = storeOf(site)
  const sealing = createSealing(issuer, signIn.secrets)
  const sessions = createSessions({ origin, sealing, now })
  const forms = createSessionForms(sealing)
  const grants = createGrants({ store, now, grace: signIn.lifetimes.grace, log })
  const connections = createConnections(store, grants, now)
  const privacy = interimPrivacy(store, grants, now)
  const fence: RouterOptions['fence'] = (sub, signal) => readFence(store, sub, signal)
  const router = createAccountRouter({
    origin,
    brand,
    sessions,
    forms,
    isAdmin: (session) => isAdmin(session, account.admins, now()),
    fence,
    // The pages of `/account`, then those of `/admin`, each from the room that makes them.
    routes: [...accountRoutes({ origin, brand, sessions, connections, privacy, log })],
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

/** Stands in until `lib/service/privacy.ts` is there. */
function interimPrivacy(
  store: Store,
  grants: Grants,
  now: () => number,
): Pick<Privacy, 'endPerson' | 'forget' | 'disclose'> {
  async function end(sub: string, reason: string, signal: AbortSignal, forgetting: boolean): Promise<number> {
    await store.put(fenceKey(sub), { at: now(), reason, forgetting }, signal)
    return endGrantsOf({ store, grants, now: now() }, sub, reason, signal)
  }
  return {
    endPerson: (sub, reason, signal) => end(sub, reason, signal, false),
    forget: async (sub, signal) => void (await end(sub, 'forgotten', signal, true)),
    disclose: async (sub) => ({ sub, at: new Date(now()).toISOString(), held: {} }),
  }
}
