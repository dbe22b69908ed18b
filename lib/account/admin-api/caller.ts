import type { Call } from '../../base/call.ts'
import type { Log } from '../../base/log.ts'
import type { GuessLimit } from '../../base/rate-limit.ts'
import { sha256 } from '../../base/sha256.ts'
import { isOneOf, shownToken } from '../../oauth/http/operator-token.ts'
import type { Actor } from '../admin/actions.ts'
import { liveSession, type SessionReader } from '../router.ts'
import { type Session, signedInRecently } from '../session.ts'
import { Refusal } from './refusal.ts'

/** The tokens of the operator (N30). Each list has two values while a token is rotated. */
export interface AdminTokens {
  /** The tokens that may read, and change nothing. */
  readonly read: readonly string[]
  readonly write: readonly string[]
}

/** The caller of the admin API. */
export interface Caller {
  readonly actor: Actor
  readonly may: 'read' | 'write'
  /**
   * Whether the caller signed in within the last 10 minutes. Routes that cannot be undone or that export personal data need it
   * (N5). Always true for a token.
   */
  readonly isRecent: boolean
}

export interface CallerOptions {
  readonly tokens: AdminTokens
  /** The settings of the tokens, for the words of a refusal. */
  readonly settings?: string
  /** Limits the wrong tokens of one address. */
  readonly guesses: GuessLimit
  /** The admins who sign in with a browser. Absent if this deploy has no account pages (N13). */
  readonly browser?: SessionReader & {
    /** The origin of the account pages. A session is accepted at this origin only. */
    readonly origin: string
    readonly isAdmin: (session: Session) => boolean
  }
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}

/** Names a token for the audit log by the beginning of its SHA-256, so that a reader can distinguish several tokens. */
const tokenActor = (token: string): Actor => `token ${sha256(token).slice(0, 8)}`

/** Finds out who calls. Throws `Refusal` and `StoreUnavailable`. */
export function createCallers(options: CallerOptions) {
  const { tokens, settings = 'MCP_ADMIN_TOKEN or MCP_ADMIN_WRITE_TOKEN', guesses, browser, now, log } = options
  const notSignedIn = () =>
    new Refusal(401, 'unauthorized', wordsFor.notSignedIn(settings), { 'www-authenticate': challenge })

  /** Accepts tokens from programs only. A web page that holds a token would expose it to every visitor's browser. */
  async function byToken(request: Request, { address, signal }: Call): Promise<Caller> {
    if (isOfBrowser(request)) throw new Refusal(403, 'not_for_browsers', wordsFor.browser)
    const known = address === undefined ? undefined : guesses.known(address)
    if (known?.limited) throw tooMany(known.retryAfter)
    const shown = shownToken(request) ?? ''
    // Both lists are compared, so that the time does not tell which list a token is in.
    const [mayRead, mayWrite] = [isOneOf(tokens.read, shown), isOneOf(tokens.write, shown)]
    const actor = tokenActor(shown)
    if (mayWrite) return { actor, may: 'write', isRecent: true }
    if (mayRead) return { actor, may: 'read', isRecent: true }
    const counted = address === undefined ? undefined : await guesses.hit(address, signal)
    log('admin_api_refused', { reason: counted?.limited ? 'limit' : 'wrong token' })
    if (counted?.limited) throw tooMany(counted.retryAfter)
    throw new Refusal(401, 'invalid_token', wordsFor.token(settings), {
      'www-authenticate': `${challenge}, error="invalid_token"`,
    })
  }

  async function bySession(request: Request, { signal }: Call): Promise<Caller> {
    const isHere = browser && new URL(request.url).host === new URL(browser.origin).host
    if (!isHere || !isOfBrowser(request)) throw notSignedIn()
    // Another site can make the browser send the cookie. The browser says so, and the session is not even read.
    if (!isOwn(request, browser.origin)) {
      log('admin_api_refused', { reason: 'cross-site' })
      throw new Refusal(403, 'cross_site', wordsFor.crossSite)
    }
    const session = await liveSession(browser, request, signal)
    if (session === null || session === 'forgetting') throw notSignedIn()
    if (!browser.isAdmin(session)) {
      log('admin_refused', { sub: session.sub, path: '/admin/api' })
      throw new Refusal(403, 'not_an_admin', wordsFor.notAdmin)
    }
    return { actor: session.sub, may: 'write', isRecent: signedInRecently(session, now()) }
  }

  return (request: Request, call: Call): Promise<Caller> =>
    request.headers.has('authorization') ? byToken(request, call) : bySession(request, call)
}

const challenge = 'Bearer realm="admin"'
const tooMany = (seconds: number) =>
  new Refusal(429, 'temporarily_unavailable', wordsFor.limit, { 'retry-after': String(seconds) })

/**
 * Whether a browser sends the request. A browser that sends `Sec-Fetch-Mode` always sends the others as well; the `fetch` of Node
 * sends it alone.
 */
const isOfBrowser = ({ headers }: Request) =>
  [...headers.keys()].some((name) => name === 'origin' || (name.startsWith('sec-fetch-') && name !== 'sec-fetch-mode'))

/** Whether a page of ours, or the admin in the address bar, sent the request. Every current browser says which. */
function isOwn({ method, headers }: Request, origin: string): boolean {
  const [site, from] = [headers.get('sec-fetch-site'), headers.get('origin')]
  if (method === 'GET') return (site === 'same-origin' || site === 'none') && (from === null || from === origin)
  return site === 'same-origin' && from === origin
}

const wordsFor = {
  notSignedIn: (settings: string) => `send a token of ${settings} as "Authorization: Bearer …", or sign in as an admin`,
  token: (settings: string) => `the server has no such token in ${settings}`,
  browser: 'a token is for programs: requests of a browser are refused',
  limit: 'too many wrong tokens from this address: try later',
  crossSite: 'the request did not come from a page of this service',
  notAdmin: 'you are not in the list of admins, or you signed in more than an hour ago',
} as const
