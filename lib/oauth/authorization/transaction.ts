import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { lifetimes } from '../capabilities.ts'
import { newGrantId } from '../grants/record.ts'
import type { Cookies } from '../http/cookies.ts'
import type { Sealing } from '../keys/sealing.ts'
import type { Login } from '../providers/provider.ts'
import { Person, personNames } from '../token/claims.ts'
import type { CodeToBe, GrantToBe, SignedIn } from './issue-code.ts'
import { type AuthorizationRequest, authorizationRequestEntries } from './request.ts'
import { createTransactionCookies } from './transaction-cookies.ts'

const SealedTransaction = v.object({
  ...authorizationRequestEntries,
  /** Towards the OpenID Provider: our state, nonce and code_verifier (F-01, F-03). */
  us: v.string(),
  un: v.string(),
  uv: v.string(),
  /** Until when it completes a sign-in, in seconds since the epoch. */
  exp: v.number(),
  /** Absent in transactions of earlier releases: when the person approved, in seconds since the epoch. */
  ap: v.exactOptional(v.number()),
  /** The random part of the key of the grant to be. */
  gi: v.exactOptional(v.string()),
  /** The provider that the person was sent to. */
  pr: v.exactOptional(v.string()),
  /** How often it has begun again; absent: never. */
  n: v.exactOptional(v.number()),
})

const signedInEntries = {
  us: v.string(),
  /** Who has signed in. */
  sub: v.string(),
  person: Person,
  /** Key and end of the grant to be. */
  g: v.string(),
  end: v.number(),
  exp: v.number(),
}

const names = { person: ['u', personNames] } as const

const SealedConfirmation = v.object({ ...authorizationRequestEntries, ...signedInEntries })

const SealedOutcome = v.object({
  ...authorizationRequestEntries,
  ...signedInEntries,
  /** Id and time of the code that was issued. */
  id: v.string(),
  at: v.number(),
})

/** An approved request on its way through the OpenID Provider. */
export interface Transaction {
  readonly kind: 'signing-in'
  readonly request: AuthorizationRequest
  readonly login: Login
  /** It does not complete a sign-in any more: all that is left is to ask the person anew. */
  readonly late: boolean
  /** Seconds since the epoch; what belongs to the approval, and not to one way through the provider. */
  readonly approvedAt: number
  readonly grantId: string
  readonly begunAgain: number
  /** `Upstream.id` of the provider that the person was sent to; absent: of an earlier release. */
  readonly provider?: string
}

/** What waits for the person's second click: nothing of it is decided by whoever posts that. */
export interface Confirmation {
  readonly request: AuthorizationRequest
  readonly signedIn: SignedIn
  readonly grant: GrantToBe
}

/** What a browser holds of one sign-in, from the approval to the code and a little longer. */
export type OpenTransaction =
  | Transaction
  | (Confirmation & { readonly kind: 'confirming'; readonly late: boolean })
  /** There is a code for it. */
  | (Confirmation & { readonly kind: 'finished'; readonly code: CodeToBe })

/**
 * Transactions live in the browser that approved them: one sealed value each, in cookies named after the upstream `state`
 * so that only the browser that approved can finish (F-02) and nothing is stored for those never finished.
 */
export interface Transactions {
  /** Whether a request is small enough to travel in cookies, whoever signs in. */
  fits(request: AuthorizationRequest): boolean
  /** The request with its client_id, if one cookie holds both. */
  withClientId(request: AuthorizationRequest, clientId: string): AuthorizationRequest
  /** Opens one on approval. The cookies to set: its own, and the oldest ones expired if there are too many. */
  begin(request: AuthorizationRequest, provider: string, browser: Request): Begun
  /** Opens another one for the same approval: the same grant to be, one more way through the provider. */
  beginAgain(transaction: Transaction, provider: string, browser: Request): Begun
  /** What this browser holds under this `state`; `null` if there is nothing, or not any more. */
  find(browser: Request, state: string): OpenTransaction | null
  /** The same cookies, from now on waiting for the confirmation after the sign-in; no code exists until then. */
  awaitConfirmation(browser: Request, state: string, confirmation: Confirmation): readonly string[]
  /** The same cookies, from now on knowing what the client was told. */
  finish(browser: Request, state: string, confirmation: Confirmation, code: CodeToBe): readonly string[]
  /** The cookies that end it. */
  end(browser: Request, state: string): readonly string[]
}

export interface Begun {
  readonly login: Login
  readonly setCookies: readonly string[]
}

/** Characters of a sealed request that leave room in its cookies for what the sign-in adds: who has signed in, above all. */
const maxRequest = 6000
/** Characters up to which the client_id comes along: the whole stays in one cookie. */
const maxWithClientId = 3000

export function createTransactions(options: {
  cookies: Cookies
  sealing: Sealing
  /** Seconds from approval in which the person is to have signed in (`MCP_OAUTH_SIGN_IN_TTL`). */
  signInLifetime: number
  /** Milliseconds since the epoch. */
  now: () => number
}): Transactions {
  const { cookies, now, signInLifetime } = options
  const transactions = options.sealing.encrypted('transaction', SealedTransaction, { long: 'state' })
  const confirmations = options.sealing.encrypted('confirmation', SealedConfirmation, { long: 'state', names })
  const outcomes = options.sealing.encrypted('outcome', SealedOutcome, { long: 'state', names })
  const held = createTransactionCookies(cookies)
  const seconds = () => Math.floor(now() / 1000)
  const random = (bytes: number) => randomBytes(bytes).toString('base64url')

  interface OfTheApproval {
    readonly approvedAt: number
    readonly grantId: string
    readonly provider: string
    readonly begunAgain: number
  }

  function open(request: AuthorizationRequest, approval: OfTheApproval, browser: Request): Begun {
    const login: Login = {
      state: `${now().toString(36).padStart(9, '0')}.${random(16)}`,
      nonce: random(16),
      codeVerifier: random(32),
    }
    const value = transactions.seal({
      ...request,
      us: login.state,
      un: login.nonce,
      uv: login.codeVerifier,
      exp: approval.approvedAt + signInLifetime,
      ap: approval.approvedAt,
      gi: approval.grantId,
      pr: approval.provider,
      ...(approval.begunAgain > 0 && { n: approval.begunAgain }),
    })
    return { login, setCookies: held.write(browser, login.state, value, lifetimes.transactionPage) }
  }

  const sizeOf = (request: AuthorizationRequest) =>
    transactions.seal({ ...request, us: '', un: '', uv: '', exp: 0 }).length

  return {
    fits: (request) => sizeOf(request) <= maxRequest,

    withClientId(request, clientId) {
      const whole = { ...request, ci: clientId }
      return sizeOf(whole) <= maxWithClientId ? whole : request
    },

    begin: (request, provider, browser) =>
      open(request, { approvedAt: seconds(), grantId: newGrantId(), provider, begunAgain: 0 }, browser),

    beginAgain({ request, login, approvedAt, grantId, begunAgain }, provider, browser) {
      const next = open(request, { approvedAt, grantId, provider, begunAgain: begunAgain + 1 }, browser)
      return { ...next, setCookies: [...new Set([...next.setCookies, ...held.expire(browser, login.state)])] }
    },

    find(browser, state) {
      const cookie = held.read(browser, state)
      const time = seconds()
      const transaction = transactions.open(cookie)
      if (transaction?.us === state) {
        const {
          us,
          un,
          uv,
          exp,
          ap: approvedAt = exp - signInLifetime,
          gi,
          pr,
          n: begunAgain = 0,
          ...request
        } = transaction
        if (approvedAt + lifetimes.transactionPage <= time) return null
        return {
          kind: 'signing-in',
          request,
          login: { state: us, nonce: un, codeVerifier: uv },
          late: exp <= time,
          approvedAt,
          grantId: gi ?? newGrantId(),
          begunAgain,
          ...(pr === undefined ? {} : { provider: pr }),
        }
      }
      const waiting = confirmations.open(cookie)
      if (waiting?.us === state) {
        const { us: _us, sub, person, g: key, end, exp, ...request } = waiting
        if (exp + lifetimes.transactionPage <= time) return null
        return { kind: 'confirming', request, signedIn: { sub, person }, grant: { key, end }, late: exp <= time }
      }
      const outcome = outcomes.open(cookie)
      if (outcome?.us !== state || outcome.exp <= time) return null
      const { us: _us, sub, person, g: key, end, exp: _exp, id, at, ...request } = outcome
      return { kind: 'finished', request, signedIn: { sub, person }, grant: { key, end }, code: { id, at } }
    },

    awaitConfirmation(browser, state, { request, signedIn: { sub, person }, grant }) {
      const exp = seconds() + lifetimes.confirmation
      const value = confirmations.seal({ ...request, us: state, sub, person, g: grant.key, end: grant.end, exp })
      return held.write(browser, state, value, lifetimes.transactionPage)
    },

    finish(browser, state, { request, signedIn: { sub, person }, grant }, { id, at }) {
      const { ci: _, ...asked } = request
      const exp = seconds() + lifetimes.outcome
      const value = outcomes.seal({ ...asked, us: state, sub, person, g: grant.key, end: grant.end, exp, id, at })
      return held.write(browser, state, value, lifetimes.outcome)
    },

    end: held.expire,
  }
}
