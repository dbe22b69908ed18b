import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { lifetimes } from '../capabilities.ts'
import type { Cookies } from '../cookies.ts'
import type { Sealing } from '../keys/sealing.ts'
import { Person } from '../token/claims.ts'
import type { Login } from '../upstream/upstream.ts'
import type { GrantToBe, SignedIn } from './issue-code.ts'
import { type AuthorizationRequest, authorizationRequestEntries } from './request.ts'

const Transaction = v.object({
  ...authorizationRequestEntries,
  /** Towards the OpenID Provider: our state, nonce and code_verifier (F-01, F-03). */
  us: v.string(),
  un: v.string(),
  uv: v.string(),
  /** Seconds since the epoch. */
  exp: v.number(),
})

const SealedConfirmation = v.object({
  ...authorizationRequestEntries,
  us: v.string(),
  /** Who has signed in. */
  sub: v.string(),
  u: Person,
  /** Key and end of the grant to be. */
  g: v.string(),
  end: v.number(),
  exp: v.number(),
})

/** An approved request on its way through the OpenID Provider. */
export interface Transaction {
  readonly request: AuthorizationRequest
  readonly login: Login
}

/** What waits for the person's second click: nothing of it is decided by whoever posts that. */
export interface Confirmation {
  readonly request: AuthorizationRequest
  readonly signedIn: SignedIn
  readonly grant: GrantToBe
}

/**
 * Transactions live in the browser that approved them: one sealed cookie each, named after the upstream `state`
 * so that only the browser that approved can finish (F-02) and nothing is stored for those never finished.
 */
export interface Transactions {
  /** Opens one on approval. The cookies to set: the new one, and the oldest ones expired if there are too many. */
  begin(
    request: AuthorizationRequest,
    browser: Request,
  ): { readonly login: Login; readonly setCookies: readonly string[] }
  /** The transaction that this browser approved under this `state`; `null` if there is none, or it has expired. */
  find(browser: Request, state: string): Transaction | null
  /** The same cookie, from now on waiting for the confirmation after the sign-in; no code exists until then (X1). */
  awaitConfirmation(state: string, confirmation: Confirmation): string
  /** What this browser is to confirm under this `state`; `null` if there is nothing, or it has expired. */
  findConfirmation(browser: Request, state: string): Confirmation | null
  /** The cookie that ends it. */
  end(state: string): string
}

/** Bytes of all open transactions of a browser together: what browsers and servers take besides other cookies. */
const maxTotal = 6144

/** Sortable by time: nine characters of milliseconds, then 128 random bits. */
const stateForm = /^[0-9a-z]{9}\.[A-Za-z0-9_-]{22}$/

export function createTransactions(options: {
  cookies: Cookies
  sealing: Sealing
  /** Milliseconds since the epoch. */
  now: () => number
}): Transactions {
  const { cookies, now } = options
  const sealer = options.sealing.encrypted('transaction', Transaction)
  const confirmations = options.sealing.encrypted('confirmation', SealedConfirmation)
  const prefix = cookies.name('tx.')
  const seconds = () => Math.floor(now() / 1000)
  const cookieOf = (browser: Request, state: string) =>
    stateForm.test(state) ? (cookies.read(browser).get(prefix + state) ?? '') : ''
  const random = (bytes: number) => randomBytes(bytes).toString('base64url')

  return {
    begin(request, browser) {
      const login: Login = {
        state: `${now().toString(36).padStart(9, '0')}.${random(16)}`,
        nonce: random(16),
        codeVerifier: random(32),
      }
      const exp = seconds() + lifetimes.transaction
      const value = sealer.seal({ ...request, us: login.state, un: login.nonce, uv: login.codeVerifier, exp })
      const open = [...cookies.read(browser)]
        // Others are none of ours, and a name that no cookie may have cannot be expired.
        .filter(([name]) => name.startsWith(prefix) && stateForm.test(name.slice(prefix.length)))
        .sort(([a], [b]) => (a < b ? 1 : -1))
      let total = prefix.length + login.state.length + value.length
      const expired = open.filter(([name, { length }]) => {
        total += name.length + length
        return total > maxTotal
      })
      return {
        login,
        setCookies: [
          cookies.set(prefix + login.state, value, lifetimes.transaction),
          ...expired.map(([name]) => cookies.expire(name)),
        ],
      }
    },

    find(browser, state) {
      const opened = sealer.open(cookieOf(browser, state))
      if (!opened || opened.us !== state || opened.exp <= seconds()) return null
      const { us, un, uv, exp: _, ...request } = opened
      return { request, login: { state: us, nonce: un, codeVerifier: uv } }
    },

    awaitConfirmation(state, { request, signedIn: { sub, person }, grant }) {
      const exp = seconds() + lifetimes.confirmation
      const value = confirmations.seal({ ...request, us: state, sub, u: person, g: grant.key, end: grant.end, exp })
      return cookies.set(prefix + state, value, lifetimes.confirmation)
    },

    findConfirmation(browser, state) {
      const opened = confirmations.open(cookieOf(browser, state))
      if (!opened || opened.us !== state || opened.exp <= seconds()) return null
      const { us: _us, exp: _exp, sub, u: person, g: key, end, ...request } = opened
      return { request, signedIn: { sub, person }, grant: { key, end } }
    },

    end: (state) => cookies.expire(prefix + state),
  }
}
