import { isAdmin } from '../account/admins.ts'
import { createSessionForms } from '../account/forms.ts'
import { type AccountRoute, createAccountRouter } from '../account/router.ts'
import { createSessions } from '../account/session.ts'
import type { Call } from '../base/call.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { Site } from '../settings/site.ts'
import { log } from './log.ts'

/** The account and admin pages of a site. */
export interface Account {
  fetch(request: Request, call: Call): Promise<Response>
}

/** Composes the account and admin pages from the settings. They answer at one origin only, and everything else is a 404 (N13). */
export async function composeAccount({ issuer, account, signIn, brand }: Configuration, _site: Site): Promise<Account> {
  if (!account || !signIn) return { fetch: async () => notFound() }
  const now = Date.now
  const sealing = createSealing(issuer, signIn.secrets)
  // The pages of `/account`, then those of `/admin`, each from the room that makes them.
  const routes: readonly AccountRoute[] = []
  const router = createAccountRouter({
    origin: account.origin,
    brand,
    sessions: createSessions({ origin: account.origin, sealing, now }),
    forms: createSessionForms(sealing),
    isAdmin: (session) => isAdmin(session, account.admins, now()),
    fence: async () => null,
    routes,
    open: [],
    now,
    log,
  })
  const { host } = new URL(account.origin)
  return {
    async fetch(request, call) {
      // `/admin/api` with its token alone also answers at the issuer's host: that is its place, before this line.
      return new URL(request.url).host === host ? router.fetch(request, call) : notFound()
    },
  }
}

const notFound = () => jsonResponse({ error: 'not_found' }, { status: 404 })
