import type { Call } from '../base/call.ts'
import type { Log } from '../base/log.ts'
import { requireNavigation } from '../oauth/authorization/navigation.ts'
import { readOwnForm } from '../oauth/authorization/own-form.ts'
import { PageError } from '../oauth/errors.ts'
import { type Fence, isFenced } from '../oauth/grants/fence.ts'
import { isOurFault } from '../oauth/http/json-answers.ts'
import type { Parameters } from '../oauth/http/parameters.ts'
import type { DocsBrand } from '../pages/brand.ts'
import { htmlResponse } from '../pages/html-response.ts'
import type { SessionForms } from './forms.ts'
import { type ProblemKind, problemPage } from './pages/problem.ts'
import { signInPage, type Wanted } from './pages/sign-in.ts'
import { beginningOf, type Session, type Sessions, signedInRecently } from './session.ts'
import type { ShownProvider, ShowProvider } from './shown-provider.ts'

/** A request for a page, by a person who has signed in. */
export interface Visit extends Call {
  readonly request: Request
  readonly url: URL
  /** The text that the path has in place of the route's star. An empty string if the route has no star. */
  readonly rest: string
  /** A live session: this server made its cookie, it has not expired, and no fence has ended it. */
  readonly session: Session
  readonly isAdmin: boolean
  /** Where the person signs in. */
  readonly shown: ShownProvider
  /** Makes the hidden field `form` of a form that does `action` (N21). */
  seal(action: string, subject?: string): string
}

/**
 * A form that one of our pages posted. The router has already refused forms of another site, another session or another action.
 */
export interface PostedVisit extends Visit {
  readonly form: Parameters
  /** The subject that was given to `seal`. */
  readonly subject: string
}

/** Answers a page. May throw `PageError` and `StoreUnavailable`. */
type Answer<V> = (visit: V) => Promise<Response> | Response

/** One path and who may use it. Admin pages are routes as well: `lib/service/account.ts` puts the lists together. */
export interface AccountRoute {
  /** The whole path. It may have one star, which stands for any text: `/admin/people/*`, `/admin/people/*` followed by `/end`. */
  readonly path: string
  /** Who may open it. For `admin`, the list of admins is asked at each request (N6). */
  readonly access: 'person' | 'admin'
  /** The person must have signed in at the provider within the last 10 minutes (N5). */
  readonly recent?: boolean
  readonly get?: Answer<Visit>
  /** What each form that is posted here does, by the name of its action. */
  readonly post?: Readonly<Record<string, Answer<PostedVisit>>>
}

/** A path that needs no session. */
export interface OpenRoute {
  readonly path: string
  readonly methods: Readonly<Record<string, (request: Request, call: Call) => Promise<Response> | Response>>
}

export interface RouterOptions {
  /** The origin of the pages: the issuer, or the one that `MCP_ACCOUNT_ORIGIN` names. */
  readonly origin: string
  readonly brand: DocsBrand
  /** If absent, there is one provider, which the brand names. */
  readonly showProvider?: ShowProvider | undefined
  readonly sessions: Sessions
  readonly forms: SessionForms
  /** Looks in the settings of this instance, at each request. */
  readonly isAdmin: (session: Session) => boolean
  /** Reads the fence of a person strongly (N2). Throws `StoreUnavailable`. */
  readonly fence: (sub: string, signal: AbortSignal) => Promise<Fence | null>
  /** Whether the person has signed out at the provider since the session began. Absent: no provider says so. */
  readonly signedOut?: ((session: Session, signal: AbortSignal) => Promise<boolean>) | undefined
  readonly routes: readonly AccountRoute[]
  readonly open: readonly OpenRoute[]
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}

/** Answers everything at the origin of the account pages. */
export interface AccountRouter {
  fetch(request: Request, call: Call): Promise<Response>
}

export function createAccountRouter(options: RouterOptions): AccountRouter {
  const { origin, brand, forms, log, now, showProvider = () => ({ brand }) } = options
  const askToSignIn = (back: string, wanted: Wanted, session: Session | null) =>
    htmlResponse(signInPage({ ...showProvider(session), back, wanted }), { status: 200 })
  const open = new Map(options.open.map(({ path, methods }) => [path, methods]))
  // The longest prefix comes first, so that the more precise route is chosen.
  const routes = options.routes.toSorted((a, b) => b.path.length - a.path.length)

  const problem = (kind: ProblemKind, call: Call, extras: { again?: string; retryAfter?: number } = {}) => {
    const { page, status } = problemPage({ brand, kind, requestId: call.requestId, again: extras.again })
    const headers = { ...(status === 503 && { 'retry-after': '5' }) }
    return htmlResponse(page, { status, headers })
  }

  async function answerRoute(route: AccountRoute, rest: string, request: Request, call: Call): Promise<Response> {
    const url = new URL(request.url)
    const method = request.method
    const isPost = method === 'POST' && route.post !== undefined
    if (!isPost && !(method === 'GET' && route.get)) return notAllowed([route.get && 'GET', route.post && 'POST'])
    requireNavigation(request)
    // Reads the form before the session: another site learns nothing about the session from how it is refused.
    const form = isPost ? await readOwnForm(request, origin) : undefined
    const here = form ? url.pathname : url.pathname + url.search
    const session = await liveSession(options, request, call.signal)
    if (session === 'forgetting') return problem('forgetting', call)
    if (!session) return askToSignIn(here, route.access === 'admin' ? 'admin-session' : 'session', null)
    const isAdmin = options.isAdmin(session)
    if (route.access === 'admin' && !isAdmin) {
      // The person is on the list, and signed in more than an hour ago.
      if (options.isAdmin({ ...session, adminUntil: Number.POSITIVE_INFINITY })) {
        return askToSignIn(here, 'admin', session)
      }
      log('admin_refused', { sub: session.sub, path: route.path })
      return problem('not-admin', call)
    }
    if (route.recent && !signedInRecently(session, now())) return askToSignIn(here, 'recent', session)
    const visit: Visit = {
      ...call,
      request,
      url,
      rest,
      session,
      isAdmin,
      shown: showProvider(session),
      seal: (action, subject) => forms.seal(session, action, subject),
    }
    if (!form) return (route.get as Answer<Visit>)(visit)
    for (const [action, answer] of Object.entries(route.post ?? {})) {
      const opened = forms.open(session, action, form.get('form') ?? '')
      if (opened) return answer({ ...visit, form, subject: opened.subject })
    }
    return problem('stale-form', call, { again: url.pathname })
  }

  async function answer(request: Request, call: Call): Promise<Response> {
    const pathname = new URL(request.url).pathname.replace(/(?<=.)\/$/, '')
    const methods = open.get(pathname)
    if (methods) {
      const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined
      return handler ? handler(request, call) : notAllowed(Object.keys(methods))
    }
    for (const route of routes) {
      const rest = restOf(route.path, pathname)
      if (rest !== null) return answerRoute(route, rest, request, call)
    }
    return problem('not-found', call)
  }

  return {
    fetch: async (request, call) => isolated(await answerOrProblem(request, call)),
  }

  async function answerOrProblem(request: Request, call: Call): Promise<Response> {
    try {
      return await answer(request, call)
    } catch (error) {
      const kind = kindOf(error)
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'
      log('account_request_failed', { path: new URL(request.url).pathname, kind, reason })
      return problem(kind, call)
    }
  }
}

/** Isolates our pages from other sites that open or embed them. */
function isolated(response: Response): Response {
  response.headers.set('cross-origin-opener-policy', 'same-origin')
  response.headers.set('cross-origin-resource-policy', 'same-origin')
  return response
}

/** What it takes to know whether a session is live. */
export type SessionReader = Pick<RouterOptions, 'sessions' | 'fence' | 'signedOut'>

/**
 * Reads the session of a browser and what has ended it since. Returns `null` unless the session is live (N2), and
 * `forgetting` while everything about the person is being removed. Throws `StoreUnavailable`.
 */
export async function liveSession(
  { sessions, fence, signedOut }: SessionReader,
  request: Request,
  signal: AbortSignal,
): Promise<Session | 'forgetting' | null> {
  const session = sessions.read(request)
  if (!session) return null
  const [ended, isSignedOut] = await Promise.all([fence(session.sub, signal), signedOut?.(session, signal)])
  if (ended?.forgetting) return 'forgetting'
  return isSignedOut || isFenced(ended, beginningOf(session) * 1000) ? null : session
}

/**
 * Returns the text that a path has in place of the star of a route. Returns an empty string for a route without a star, and
 * `null` for another path.
 */
function restOf(route: string, pathname: string): string | null {
  const [prefix = '', suffix] = route.split('*')
  if (suffix === undefined) return pathname === route ? '' : null
  const matches = pathname.startsWith(prefix) && pathname.endsWith(suffix)
  return matches ? pathname.slice(prefix.length, pathname.length - suffix.length) : null
}

function notAllowed(methods: readonly (string | undefined | false)[]): Response {
  const allow = methods.filter((method) => typeof method === 'string').join(', ')
  return new Response(null, { status: 405, headers: { allow, 'cache-control': 'no-store' } })
}

function kindOf(error: unknown): ProblemKind {
  if (isOurFault(error)) return 'unavailable'
  if (!(error instanceof PageError)) return 'unexpected'
  return error.kind === 'cross-site' || error.kind === 'not-navigated' || error.kind === 'speculative'
    ? error.kind
    : 'invalid-request'
}
