import { type AddressRange, countedAs } from './address.ts'
import { type CounterOptions, createCounter } from './counter.ts'
import type { Hit } from './limiter.ts'

/**
 * A limit for everybody together, which costs no request a trip to the store. Of the hits that pass, a few are counted, at
 * random and after the answer; an instance knows that the limit is reached once it has counted one in vain. So about
 * `limit` pass in a window, and a few more for each instance that has not learned it yet: enough against a flood, and
 * no counter that all instances would have to write to.
 */
export interface OverallLimit {
  /** Whether this instance knows that the limit is reached, for this address; counts nothing and asks nobody. */
  known(address: string): Hit
  /** One more of this address has passed. Off the path of the answer; never rejects because of the store. */
  count(address: string, signal: AbortSignal): Promise<void>
}

export interface OverallLimitOptions extends CounterOptions {
  /** Ranges that are neither counted nor limited. */
  readonly exempt: readonly AddressRange[]
  /** From 0 to 1; by default `Math.random`. */
  readonly random?: () => number
}

/** Hits that are counted in a window at most: each stands for so many as the limit has of them. */
const MOST_COUNTED = 100

const everybody = 'everybody'

export function createOverallLimit(options: OverallLimitOptions): OverallLimit {
  const { limit, exempt, random = Math.random } = options
  const counted = Math.min(limit, MOST_COUNTED)
  const isExempt = (address: string) => countedAs(address, exempt) === null
  const counter = createCounter({ ...options, limit: counted })
  return {
    known: (address) => (isExempt(address) ? undefined : counter.known(everybody)) ?? { limited: false },
    async count(address, signal) {
      if (!isExempt(address) && random() * limit < counted) await counter.hit(everybody, signal)
    },
  }
}
