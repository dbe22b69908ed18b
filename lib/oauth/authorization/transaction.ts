import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { lifetimes } from '../capabilities.ts'
import type { Cookies } from '../cookies.ts'
import type { Sealing } from '../keys/sealing.ts'
import { Person } from '../token/claims.ts'
import type { Login } from '../upstream/upstream.ts'
import type { GrantToBe, SignedIn } from './issue-code.ts'
import { type AuthorizationRequest, authorizationRequestEntries } from './request.ts'
import { createTransactionCookies } from './transaction-cookies.ts'

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
 * Transactions live in the browser that approved them: one sealed value each, in cookies named after the upstream `state`
 * so that only the browser that approved can finish (F-02) and nothing is stored for those never finished.
 */
export interface Transactions {
  /** Whether a request is small enough to travel in cookies, whoever signs in. */
  fits(request: AuthorizationRequest): boolean
  /** Opens one on approval. The cookies to set: its own, and the oldest ones expired if there are too many. */
  begin(
    request: AuthorizationRequest,
    browser: Request,
  ): { readonly login: Login; readonly setCookies: readonly string[] }
  /** The transaction that this browser approved under this `state`; `null` if there is none, or it has expired. */
  find(browser: Request, state: string): Transaction | null
  /** The same cookies, from now on waiting for the confirmation after the sign-in; no code exists until then (X1). */
  awaitConfirmation(browser: Request, state: string, confirmation: Confirmation): readonly string[]
  /** What this browser is to confirm under this `state`; `null` if there is nothing, or it has expired. */
  findConfirmation(browser: Request, state: string): Confirmation | null
  /** The cookies that end it. */
  end(browser: Request, state: string): readonly string[]
}

/** Characters of a sealed request that leave room in its cookies for what the sign-in adds: who has signed in, above all. */
const maxRequest = 6000

export function createTransactions(options: {
  cookies: Cookies
  sealing: Sealing
  /** Milliseconds since the epoch. */
  now: () => number
}): Transactions {
  const { cookies, now } = options
  const sealer = options.sealing.encrypted('transaction', Transaction, { long: 'state' })
  const confirmations = options.sealing.encrypted('confirmation', SealedConfirmation, { long: 'state' })
  const held = createTransactionCookies(cookies)
  const seconds = () => Math.floor(now() / 1000)
  const random = (bytes: number) => randomBytes(bytes).toString('base64url')

  return {
    fits: (request) => sealer.seal({ ...request, us: '', un: '', uv: '', exp: 0 }).length <= maxRequest,

    begin(request, browser) {
      const login: Login = {
        state: `${now().toString(36).padStart(9, '0')}.${random(16)}`,
        nonce: random(16),
        codeVerifier: random(32),
      }
      const exp = seconds() + lifetimes.transaction
      const value = sealer.seal({ ...request, us: login.state, un: login.nonce, uv: login.codeVerifier, exp })
      return { login, setCookies: held.write(browser, login.state, value, lifetimes.transaction) }
    },

    find(browser, state) {
      const opened = sealer.open(held.read(browser, state))
      if (!opened || opened.us !== state || opened.exp <= seconds()) return null
      const { us, un, uv, exp: _, ...request } = opened
      return { request, login: { state: us, nonce: un, codeVerifier: uv } }
    },

    awaitConfirmation(browser, state, { request, signedIn: { sub, person }, grant }) {
      const exp = seconds() + lifetimes.confirmation
      const value = confirmations.seal({ ...request, us: state, sub, u: person, g: grant.key, end: grant.end, exp })
      return held.write(browser, state, value, lifetimes.confirmation)
    },

    findConfirmation(browser, state) {
      const opened = confirmations.open(held.read(browser, state))
      if (!opened || opened.us !== state || opened.exp <= seconds()) return null
      const { us: _us, exp: _exp, sub, u: person, g: key, end, ...request } = opened
      return { request, signedIn: { sub, person }, grant: { key, end } }
    },

    end: held.expire,
  }
}
