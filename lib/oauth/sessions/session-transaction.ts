import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { createTransactionCookies } from '../authorization/transaction-cookies.ts'
import { lifetimes } from '../capabilities.ts'
import type { Cookies } from '../http/cookies.ts'
import type { Sealing } from '../keys/sealing.ts'
import type { Login } from '../providers/provider.ts'

/** A browser on the way through the OpenID Provider, to get a session. */
export interface SessionTransaction {
  readonly login: Login
  /** A path of our own pages. */
  readonly back: string
  /** The person must sign in again at the provider, even if it remembers them. */
  readonly fresh: boolean
  /** Seconds since the epoch. */
  readonly begunAt: number
  /** `id` of the provider. */
  readonly providerId: string
  /** How often the browser has been sent to the provider again. */
  readonly repeats: number
  /** The browser has its session already. A repeated callback only goes on. */
  readonly finished: boolean
}

/** What a browser asks for at `/login`. */
export type SessionRequest = Pick<SessionTransaction, 'back' | 'fresh'>

const Sealed = v.object({
  loginState: v.string(),
  nonce: v.string(),
  codeVerifier: v.string(),
  back: v.string(),
  fresh: v.boolean(),
  begunAt: v.number(),
  providerId: v.string(),
  repeats: v.number(),
  finished: v.boolean(),
})

/**
 * Keeps these transactions in the browser, beside those that end in a code. They are sealed for a purpose of their own (N5),
 * so neither can be taken for the other: this one opens nowhere else, and no other one opens here.
 */
export interface SessionTransactions {
  begin(request: SessionRequest, providerId: string, browser: Request): Begun
  /** Begins again after a code of the provider was lost. */
  beginAgain(transaction: SessionTransaction, providerId: string, browser: Request): Begun
  /** Returns `null` if this browser holds nothing under this `state`, or if it is a day old. */
  find(browser: Request, state: string): SessionTransaction | null
  /** Returns cookies that keep only where to go on, for a callback that comes twice. */
  finish(transaction: SessionTransaction, browser: Request): readonly string[]
  end(transaction: SessionTransaction, browser: Request): readonly string[]
}

interface Begun {
  readonly login: Login
  readonly setCookies: readonly string[]
}

/** @param now milliseconds since the epoch */
export function createSessionTransactions(cookies: Cookies, sealing: Sealing, now: () => number): SessionTransactions {
  const sealer = sealing.encrypted('session-transaction', Sealed)
  const transactionCookies = createTransactionCookies(cookies)
  const seconds = () => Math.floor(now() / 1000)
  const random = (bytes: number) => randomBytes(bytes).toString('base64url')

  function write({ login, ...rest }: SessionTransaction, browser: Request, lifetime: number): readonly string[] {
    const { state: loginState, nonce, codeVerifier } = login
    return transactionCookies.write(
      browser,
      loginState,
      sealer.seal({ loginState, nonce, codeVerifier, ...rest }),
      lifetime,
    )
  }

  function open(rest: Omit<SessionTransaction, 'login' | 'finished'>, browser: Request): Begun {
    const state = `${now().toString(36).padStart(9, '0')}.${random(16)}`
    const login = { state, nonce: random(16), codeVerifier: random(32) }
    return { login, setCookies: write({ ...rest, login, finished: false }, browser, lifetimes.transactionPage) }
  }

  return {
    begin: ({ back, fresh }, providerId, browser) =>
      open({ back, fresh, begunAt: seconds(), providerId, repeats: 0 }, browser),

    beginAgain({ back, fresh, begunAt, repeats, login }, providerId, browser) {
      const next = open({ back, fresh, begunAt, providerId, repeats: repeats + 1 }, browser)
      return {
        ...next,
        setCookies: [...new Set([...next.setCookies, ...transactionCookies.expire(browser, login.state)])],
      }
    },

    find(browser, state) {
      const opened = sealer.open(transactionCookies.read(browser, state))
      if (opened?.loginState !== state || opened.begunAt + lifetimes.transactionPage <= seconds()) return null
      const { loginState: _, nonce, codeVerifier, ...rest } = opened
      return { login: { state, nonce, codeVerifier }, ...rest }
    },

    finish: (transaction, browser) =>
      write(
        { ...transaction, login: { state: transaction.login.state, nonce: '', codeVerifier: '' }, finished: true },
        browser,
        lifetimes.outcome,
      ),

    end: ({ login }, browser) => transactionCookies.expire(browser, login.state),
  }
}
