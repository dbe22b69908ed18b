import { sha256 } from '../../base/sha256.ts'
import type { Store } from '../../store/store.ts'
import { OAuthError } from '../errors.ts'

/** The collection in the store. Its keys are `assertions/<end of the assertion>/<hash of client and jti>`. */
export const assertionIds = 'assertions'

/** Seconds in which the client may repeat the identical request, after a 503 or a lost answer. */
const RETRY = 60

/** An assertion whose signature and claims have been verified. */
export interface SpendableAssertion {
  readonly clientHash: string
  readonly jti: string
  /** Seconds since the epoch. */
  readonly endsAt: number
  /** base64url SHA-256 of the whole request that carries the assertion. */
  readonly request: string
}

/** Spends an assertion. Throws `OAuthError` if another request has used it, and `StoreUnavailable`. */
export type SpendAssertion = (assertion: SpendableAssertion, signal: AbortSignal) => Promise<void>

/**
 * Makes the function that spends assertions, so that each `jti` is used once (RFC 7523 §3; T-09). Creating a record decides.
 * The record names the request, so that a client may repeat the same request after a 503. The code or token in it is spent only
 * once in any case.
 */
export function createSpendAssertion(options: {
  readonly store: Store
  /** Milliseconds since the epoch. */
  readonly now: () => number
}): SpendAssertion {
  const { store } = options
  return async ({ clientHash, jti, endsAt, request }, signal) => {
    const at = Math.floor(options.now() / 1000)
    const key = `${assertionIds}/${endsAt}/${sha256(`${clientHash}\n${jti}`)}`
    const write = await store.create(key, { request, at }, signal)
    if (write.won) return
    const spent = (await store.get(key, signal))?.value
    const repeated = spent?.request === request && typeof spent.at === 'number' && at <= spent.at + RETRY
    if (!repeated) throw new OAuthError('invalid_client', 'client_assertion has been used before')
  }
}
