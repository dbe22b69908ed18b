import { accountRoutes, openAccountRoutes } from '../account/account-routes.ts'
import { isOfAdminApi } from '../account/admin-api/admin-api.ts'
import { isAdmin } from '../account/admins.ts'
import { createConnections } from '../account/connections.ts'
import { createSessionForms } from '../account/forms.ts'
import { createAccountRouter, type RouterOptions } from '../account/router.ts'
import { beginningOf, createSessions, type Session } from '../account/session.ts'
import { sessionRoute } from '../account/session-status.ts'
import { createShowProvider, type ShowProvider } from '../account/shown-provider.ts'
import type { Call } from '../base/call.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { whenNeeded } from '../base/when-needed.ts'
import { accountPaths, backChannelLogoutPath, globalRevocationPath } from '../oauth/capabilities.ts'
import { readFence } from '../oauth/grants/fence.ts'
import { createGrants } from '../oauth/grants/grants.ts'
import { retryAfter } from '../oauth/http/json-answers.ts'
import { createSealing, type Sealing } from '../oauth/keys/sealing.ts'
import type { EndedAddresses } from '../oauth/logout/ended-addresses.ts'
import { isSignedOut } from '../oauth/logout/signed-out.ts'
import type { Privacy } from '../people/privacy/privacy.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { SignInSettings } from '../settings/sign-in.ts'
import type { Site } from '../settings/site.ts'
import type { Store } from '../store/store.ts'
import { type Admin, adminOf } from './admin.ts'
import { adminApiOf, adminApiOutOfService } from './admin-api.ts'
import { composeAudit } from './audit.ts'
import { audited } from './audited.ts'
import { log } from './log.ts'
import { jobsBesideAnswers, privacyOf, privacySurroundings, removalOf } from './privacy.ts'
import { storeOf } from './store.ts'
import { vaultEnded } from './vault-ended.ts'

/** The account and admin pages of a site. */
export interface Account {
  fetch(request: Request, call: Call): Promise<Response>
}

/**
 * Composes the account pages, the admin pages and the admin API from the settings. The pages answer at one origin only, and everything
 * else is a 404 (N13).
 */
export async function composeAccount(configuration: Configuration, site: Site): Promise<Account> {
  const { issuer, signIn } = configuration
  if (!signIn) return outOfService(configuration, site)
  const store = storeOf(site)
  const sealing = createSealing(issuer, signIn.secrets)
  const privacy = privacyOf(configuration, signIn, privacySurroundings(site, sealing))
  const admin = adminOf(configuration, signIn, { site, store, sealing, privacy })
  const showProvider = createShowProvider(configuration.brand, await labelsOf(configuration))
  // Without services that end people by their address, there is nothing to ask.
  const endedAddresses =
    (configuration.logout?.revokers.length ?? 0) > 0
      ? (await import('../oauth/logout/ended-addresses.ts')).createEndedAddresses(store, sealing, Date.now)
      : undefined
  const parts = { store, sealing, privacy, admin, removal: removalOf(site), showProvider, endedAddresses }
  const pages = composePages(configuration, signIn, parts)
  const runJobs = site.preview ? jobsBesideAnswers(site) : undefined
  const api = adminApiOf(configuration, signIn, { site, store, admin, browser: pages?.browser })
  const copyApi = whenNeeded(async () =>
    (await import('./store-copy.ts')).composeStoreCopy(configuration, signIn, site),
  )
  const logout = whenNeeded(async () =>
    (await import('./logout.ts')).composeLogout(configuration, signIn, { site, store, sealing, privacy }),
  )
  const pagesHost = pages && new URL(pages.browser.origin).host
  const issuerHost = new URL(issuer).host
  return {
    async fetch(request, call) {
      const { host, pathname } = new URL(request.url)
      runJobs?.(call)
      if (isOfCopy(pathname)) return host === issuerHost ? (await copyApi()).fetch(request, call) : notFound()
      if (isOfLogout(pathname)) {
        if (host !== issuerHost && host !== pagesHost) return notFound()
        return configuration.outOfService.has('account') ? unavailable() : (await logout()).fetch(request, call)
      }
      // With a token alone, the API also answers where there are no pages (N13). A proxy's host has neither.
      if (isOfAdminApi(pathname))
        return host === issuerHost || host === pagesHost ? api.fetch(request, call) : notFound()
      return pages && host === pagesHost ? pages.router.fetch(request, call) : notFound()
    },
  }
}

/**
 * Answers while sign-in is out of service: only `npm run doctor`, with the operator's token, and 404 to everything else. A provider
 * that ends someone gets 503: it would take 404 for an unknown person.
 */
function outOfService(configuration: Configuration, site: Site): Account {
  const { read, write } = configuration.adminTokens
  const api = read.length + write.length === 0 ? null : adminApiOutOfService(configuration, site)
  const issuerHost = new URL(configuration.issuer).host
  return {
    async fetch(request, call) {
      const { host, pathname } = new URL(request.url)
      if (host !== issuerHost) return notFound()
      if (isOfLogout(pathname)) return unavailable()
      return api && isOfAdminApi(pathname) ? api.fetch(request, call) : notFound()
    },
  }
}

/** Composes the pages. `null` where they are not served. */
function composePages(
  configuration: Configuration,
  signIn: SignInSettings,
  parts: {
    store: Store
    sealing: Sealing
    privacy: Privacy
    admin: Admin
    removal: string
    showProvider: ShowProvider
    endedAddresses: Pick<EndedAddresses, 'hasEnded'> | undefined
  },
) {
  const { store, sealing, privacy, admin, removal, showProvider, endedAddresses } = parts
  const { account, brand } = configuration
  if (!account) return null
  const { origin } = account
  const now = Date.now
  const sessions = createSessions({ origin, sealing, now })
  const forms = createSessionForms(sealing)
  const grants = createGrants({ store, now, grace: signIn.lifetimes.grace, log, ended: vaultEnded(store) })
  const connections = createConnections(store, grants, now)
  const audit = composeAudit(configuration, store)
  const fence: RouterOptions['fence'] = (sub, signal) => readFence(store, sub, signal)
  const signedOut: RouterOptions['signedOut'] = async (session, signal) => {
    const begunAt = beginningOf(session)
    const ends = [
      isSignedOut(store, { ...session, begunAt }, now(), signal),
      endedAddresses?.hasEnded({ person: session.person, approvedAt: begunAt }, signal),
    ]
    return (await Promise.all(ends)).includes(true)
  }
  const browser = {
    origin,
    sessions,
    fence,
    signedOut,
    isAdmin: (session: Session) => isAdmin(session, account.admins, now()),
  }
  const surroundings = { ...browser, brand, showProvider, forms, now, log }
  const accountRouter = createAccountRouter({
    ...surroundings,
    routes: accountRoutes({ origin, sessions, ...audited({ connections, privacy }, audit), removal, log }),
    open: [
      ...openAccountRoutes({ origin, brand: showProvider(null).brand, sessions, forms, removal }),
      sessionRoute({ origin, sessionOrigins: account.sessionOrigins, sessions, fence, signedOut }),
    ],
  })
  /** The code of the admin pages and of their plots is loaded when the first of them is opened. */
  const adminRouter = whenNeeded(async () => {
    const { adminRoutes } = await import('../account/admin/admin-routes.ts')
    return createAccountRouter({
      ...surroundings,
      routes: adminRoutes({ origin, brand, ...admin, removal, now }),
      open: [],
    })
  })
  const router: Account = {
    async fetch(request, call) {
      const isAdminPage = `${new URL(request.url).pathname}/`.startsWith(`${accountPaths.admin}/`)
      return (isAdminPage ? await adminRouter() : accountRouter).fetch(request, call)
    },
  }
  return { router, browser }
}

/** The labels of the providers, by their names. `undefined`: there is no list. */
async function labelsOf({ listed, providers, signIn, brand }: Configuration) {
  if (!listed) return undefined
  const { labelOf } = await import('../oauth/providers/listed-provider.ts')
  const own = signIn?.provider.kind === 'oidc' ? [['default', brand.provider] as const] : []
  const others = providers.map(async (each) => [each.name ?? 'default', await labelOf(each)] as const)
  return new Map([...own, ...(await Promise.all(others))])
}

/** Where the copy of a move is driven. Its code is loaded only there. */
const isOfCopy = (pathname: string) => `${pathname}/`.startsWith(`${accountPaths.admin}/store/`)

const isOfLogout = (pathname: string) =>
  `${pathname}/`.startsWith(`${backChannelLogoutPath}/`) || pathname === globalRevocationPath

const unavailable = () =>
  jsonResponse({ error: 'temporarily_unavailable' }, { status: 503, headers: { 'retry-after': String(retryAfter) } })

const notFound = () => jsonResponse({ error: 'not_found' }, { status: 404 })
