import { type Store, StoreUnavailable, type WriteResult } from './store.ts'

/** Why the store cannot decide one-time use: it gives no clear answer, or it lets two callers win. */
export type StoreFault = 'store_unavailable' | 'store_not_conditional'

/** The collection of records that an interrupted proof leaves behind, `health/<end in seconds>/<id>`. The sweep removes them. */
export const proofs = 'health'

/** Seconds after which such a record may be swept. */
const kept = 60

/**
 * Proves, on a key of its own, that exactly one creator and exactly one replacer win, and that a read gives the last value
 * written and its version (O-03). One-time use rests on this. Takes six operations, and leaves nothing behind.
 *
 * @param now milliseconds since the epoch
 * @returns what is wrong, or `null`
 */
export async function proveConditionalWrites(
  store: Store,
  now: number,
  signal: AbortSignal,
): Promise<StoreFault | null> {
  const key = `${proofs}/${Math.floor(now / 1000) + kept}/${crypto.randomUUID()}`
  try {
    const created = await store.create(key, { step: 1 }, signal)
    if (!created.won) return faultOf(created)
    const again = await store.create(key, { step: 2 }, signal)
    const replaced = await store.replace(key, { step: 3 }, created.version, signal)
    if (again.won) return 'store_not_conditional'
    if (!replaced.won) return faultOf(replaced)
    const read = await store.get(key, signal)
    if (read?.version !== replaced.version || read.value.step !== 3) return 'store_not_conditional'
    const outdated = await store.replace(key, { step: 4 }, created.version, signal)
    await store.remove(key, signal)
    return outdated.won ? 'store_not_conditional' : null
  } catch (error) {
    if (error instanceof StoreUnavailable) return 'store_unavailable'
    throw error
  }
}

/** The fault behind a write that should have won: no other caller knows the key. */
function faultOf(loss: WriteResult & { readonly won: false }): StoreFault {
  return loss.ambiguous ? 'store_unavailable' : 'store_not_conditional'
}

export interface ReadinessOptions {
  /** The store of the site; while records move to another one, both. Each must pass the proof. Throws `StoreUnavailable`. */
  readonly stores: () => Promise<readonly Store[]>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Milliseconds for which an answer is reused, so that frequent callers cause no writes. */
  readonly goodFor: number
  /** Called for each proof that failed. */
  readonly onFault: (fault: StoreFault) => void
}

async function proveAll(
  stores: ReadinessOptions['stores'],
  now: number,
  signal: AbortSignal,
): Promise<StoreFault | null> {
  try {
    const proofs = (await stores()).map((store) => proveConditionalWrites(store, now, signal))
    return (await Promise.all(proofs)).find((fault) => fault !== null) ?? null
  } catch (error) {
    if (error instanceof StoreUnavailable) return 'store_unavailable'
    throw error
  }
}

/**
 * Runs at most one proof at a time, and one in `goodFor` milliseconds. Concurrent callers share a proof, and the deadline
 * of the first.
 */
export function createReadiness({ stores, now, goodFor, onFault }: ReadinessOptions) {
  let latest: { readonly startedAt: number; readonly outcome: Promise<StoreFault | null> } | undefined

  return (signal: AbortSignal): Promise<StoreFault | null> => {
    const startedAt = now()
    if (latest !== undefined && startedAt - latest.startedAt < goodFor) return latest.outcome
    const outcome = proveAll(stores, startedAt, signal).then((fault) => {
      if (fault !== null) onFault(fault)
      return fault
    })
    latest = { startedAt, outcome }
    return outcome
  }
}
