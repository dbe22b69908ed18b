import { randomBytes } from 'node:crypto'
import type * as v from 'valibot'
import { lifetimes } from '../capabilities.ts'
import { newGrantId } from '../grants/record.ts'
import type { Cookies } from '../http/cookies.ts'
import type { Sealing } from '../keys/sealing.ts'
import type { Login } from '../providers/provider.ts'
import type { AuthorizationRequest } from './request.ts'
import {
  confirmationNames,
  outcomeNames,
  SealedConfirmation,
  SealedOutcome,
  SealedTransaction,
  transactionNames,
} from './sealed-transaction.ts'
import type { CodeToBe, GrantToBe, SignedIn } from './signed-in.ts'
import { createTransactionCookies } from './transaction-cookies.ts'

/** An approved request whose user is on the way through the OpenID Provider. */
export interface Transaction extends Approval {
  readonly kind: 'signing-in'
  readonly request: AuthorizationRequest
  readonly login: Login
  /** The time for the sign-in is over. The user must be asked again. */
  readonly late: boolean
}

/** What belongs to one approval, however often its user is sent through the OpenID Provider. */
interface Approval {
  /** Seconds since the epoch. */
  readonly approvedAt: number
  /** The random part of the key of the grant to be. */
  readonly grantId: string
  /** How often the user has been sent to the provider again. */
  readonly repeats: number
  /** `id` of the provider that the browser was sent to. Absent in transactions of earlier releases. */
  readonly providerId?: string | undefined
}

/** A sign-in that waits for the user's second click. None of these values comes from the form that the click posts. */
export interface Confirmation {
  readonly request: AuthorizationRequest
  readonly signedIn: SignedIn
  readonly grant: GrantToBe
}

/** What a browser holds of one sign-in, from the approval until a little after the code. */
export type OpenTransaction =
  | Transaction
  | (Confirmation & { readonly kind: 'confirming'; readonly late: boolean })
  | (Confirmation & { readonly kind: 'finished'; readonly code: CodeToBe })

/**
 * Keeps transactions in the browser that approved them. Each is one sealed value in cookies named after the `state` of the
 * request to the provider. Only the browser that approved can finish (F-02), and an abandoned sign-in leaves nothing
 * in the store.
 */
export type Transactions = ReturnType<typeof createTransactions>

export interface Begun {
  readonly login: Login
  /** The transaction's own cookies. If there are too many transactions, also cookies that end the oldest. */
  readonly setCookies: readonly string[]
}

/** The most characters of a sealed request. The rest of its cookies is room for what the sign-in adds, above all the user. */
const maxRequest = 6000
/** The most characters of a sealed request with its client_id, so that one cookie has room for it. */
const maxWithClientId = 3000

export function createTransactions(options: {
  cookies: Cookies
  sealing: Sealing
  /** Seconds that the user has for the sign-in after approval (`MCP_OAUTH_SIGN_IN_TTL`). */
  signInLifetime: number
  /** Milliseconds since the epoch. */
  now: () => number
}) {
  const { cookies, sealing, now, signInLifetime } = options
  const long = 'state'
  const transactions = sealing.encrypted('transaction', SealedTransaction, { long, names: transactionNames })
  const confirmations = sealing.encrypted('confirmation', SealedConfirmation, { long, names: confirmationNames })
  const outcomes = sealing.encrypted('outcome', SealedOutcome, { long, names: outcomeNames })
  const transactionCookies = createTransactionCookies(cookies)
  const seconds = () => Math.floor(now() / 1000)
  const random = (bytes: number) => randomBytes(bytes).toString('base64url')

  function open(request: AuthorizationRequest, approval: Approval, browser: Request): Begun {
    const login: Login = {
      state: `${now().toString(36).padStart(9, '0')}.${random(16)}`,
      nonce: random(16),
      codeVerifier: random(32),
    }
    const value = transactions.seal({
      ...request,
      loginState: login.state,
      nonce: login.nonce,
      codeVerifier: login.codeVerifier,
      expiresAt: approval.approvedAt + signInLifetime,
      approvedAt: approval.approvedAt,
      grantId: approval.grantId,
      providerId: approval.providerId,
      repeats: approval.repeats || undefined,
    })
    return { login, setCookies: transactionCookies.write(browser, login.state, value, lifetimes.transactionPage) }
  }

  const sizeOf = (request: AuthorizationRequest) =>
    transactions.seal({ ...request, loginState: '', nonce: '', codeVerifier: '', expiresAt: 0 }).length

  return {
    /** Whether a request is small enough for cookies, whatever the sign-in adds. */
    fits: (request: AuthorizationRequest) => sizeOf(request) <= maxRequest,

    /** Returns the request with its client_id, if one cookie has room for both. */
    withClientId(request: AuthorizationRequest, clientId: string): AuthorizationRequest {
      const whole = { ...request, clientId }
      return sizeOf(whole) <= maxWithClientId ? whole : request
    },

    /** Begins a transaction on approval. */
    begin: (request: AuthorizationRequest, providerId: string, browser: Request) =>
      open(
        request,
        { approvedAt: seconds(), grantId: request.pushedId ?? newGrantId(), providerId, repeats: 0 },
        browser,
      ),

    /** Begins another transaction for the same approval and the same grant to be. */
    beginAgain(transaction: Transaction, providerId: string, browser: Request): Begun {
      const { request, login, approvedAt, grantId, repeats } = transaction
      const next = open(request, { approvedAt, grantId, providerId, repeats: repeats + 1 }, browser)
      return {
        ...next,
        setCookies: [...new Set([...next.setCookies, ...transactionCookies.expire(browser, login.state)])],
      }
    },

    /** Finds what this browser holds under this `state`. Returns `null` if there is nothing, or if it is too old. */
    find(browser: Request, state: string): OpenTransaction | null {
      const cookie = transactionCookies.read(browser, state)
      const time = seconds()
      const transaction = transactions.open(cookie)
      if (transaction?.loginState === state) {
        const { loginState, nonce, codeVerifier, expiresAt, providerId, ...rest } = transaction
        const { approvedAt = expiresAt - signInLifetime, grantId = newGrantId(), repeats = 0, ...request } = rest
        if (approvedAt + lifetimes.transactionPage <= time) return null
        const login = { state: loginState, nonce, codeVerifier }
        const late = expiresAt <= time
        return { kind: 'signing-in', request, login, late, approvedAt, grantId, repeats, providerId }
      }
      const waiting = confirmations.open(cookie)
      if (waiting?.loginState === state) {
        const { expiresAt, ...confirmation } = confirmationOf(waiting)
        if (expiresAt + lifetimes.transactionPage <= time) return null
        return { kind: 'confirming', ...confirmation, late: expiresAt <= time }
      }
      const outcome = outcomes.open(cookie)
      if (outcome?.loginState !== state || outcome.expiresAt <= time) return null
      const { codeId: id, codeIssuedAt: at, ...rest } = outcome
      const { expiresAt: _, ...confirmation } = confirmationOf(rest)
      return { kind: 'finished', ...confirmation, code: { id, at } }
    },

    /** Returns cookies that make the transaction wait for the confirmation. No code exists until then. */
    awaitConfirmation(browser: Request, state: string, confirmation: Confirmation): readonly string[] {
      const expiresAt = seconds() + lifetimes.confirmation
      const value = confirmations.seal(sealedConfirmation(confirmation, state, expiresAt))
      return transactionCookies.write(browser, state, value, lifetimes.transactionPage)
    },

    /** Returns cookies that make the transaction remember which code the client was given. */
    finish(browser: Request, state: string, confirmation: Confirmation, { id, at }: CodeToBe): readonly string[] {
      const sealed = sealedConfirmation(confirmation, state, seconds() + lifetimes.outcome)
      const value = outcomes.seal({ ...sealed, clientId: undefined, codeId: id, codeIssuedAt: at })
      return transactionCookies.write(browser, state, value, lifetimes.outcome)
    },

    /** Returns cookies that end the transaction. */
    end: transactionCookies.expire,
  }
}

function sealedConfirmation({ request, signedIn, grant }: Confirmation, loginState: string, expiresAt: number) {
  const { key: grantKey, end: grantEnd, approvedAt } = grant
  return { ...request, loginState, ...signedIn, grantKey, grantEnd, approvedAt, expiresAt }
}

function confirmationOf(sealed: v.InferOutput<typeof SealedConfirmation>) {
  const { loginState: _, sub, person, grantKey: key, grantEnd: end, approvedAt, expiresAt, ...request } = sealed
  return { request, signedIn: { sub, person }, grant: { key, end, approvedAt }, expiresAt }
}
