import { sha256 } from '../../base/sha256.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { assertionIds } from '../client-authentication/assertion-ids.ts'
import type { AssertionClaims } from './assertion-claims.ts'
import { assertionRefused } from './refusal.ts'
import { entryOf, isEnded } from './storeless-grant.ts'
import type { Machine, Tenant } from './trusted-issuer.ts'

/** What is decided in the one round trip to the store. */
export interface Spending {
  /** Keeps the ids of two kinds of assertions apart. */
  readonly kind: 'id-jag' | 'workload'
  readonly assertion: AssertionClaims
  /** Our own id of the person or the machine. */
  readonly sub: string
  /** The company or the machine of the settings. */
  readonly trusted: Tenant | Machine
  /** Spends the client's own assertion, if it sent one. */
  readonly spendClient: ((signal: AbortSignal) => Promise<void>) | undefined
}

/**
 * Spends an assertion, so that each `jti` is used once (E-04, N9). Creating a record decides: of any number of requests with one
 * assertion, one wins. No request may be repeated, whatever became of its answer. The fences of the person and of the company, or
 * of the machine, are read in the same round trip (N2). Throws `OAuthError` and `StoreUnavailable`.
 *
 * @param now seconds since the epoch
 */
export async function spendOnce(
  store: Store,
  { kind, assertion, sub, trusted, spendClient }: Spending,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  const { issuer, subject, id, issuedAt, endsAt } = assertion
  const key = `${assertionIds}/${endsAt}/${sha256(JSON.stringify([kind, issuer, subject, id]))}`
  // All settle before the answer, so that no write goes on after it.
  const ofWhom = {
    kind: kind === 'id-jag' ? 'tenant' : 'machine',
    entry: entryOf(trusted),
    sub,
    began: issuedAt,
  } as const
  const [created, ended, spent] = await Promise.allSettled([
    store.create(key, { kind, at: now }, signal),
    isEnded(store, ofWhom, signal),
    spendClient?.(signal),
  ])
  if (created.status === 'rejected') throw created.reason
  if (ended.status === 'rejected') throw ended.reason
  if (spent.status === 'rejected') throw spent.reason
  if (!created.value.won) {
    if (created.value.ambiguous) throw new StoreUnavailable('whether an assertion was used before is not known')
    throw assertionRefused('assertion-replayed')
  }
  if (ended.value) throw assertionRefused('assertion-person-ended')
}
