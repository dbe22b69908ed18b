import type { OverallLimit } from '../base/rate-limit.ts'
import { type AddressRange, countedAs } from './address.ts'
import { type CounterOptions, createCounter } from './counter.ts'

export interface OverallLimitOptions extends CounterOptions {
  /** Ranges that are neither counted nor limited. */
  readonly exempt: readonly AddressRange[]
  /** From 0 to 1; by default `Math.random`. */
  readonly random?: () => number
}

/** The most hits that are counted in a window: each stands for an equal share of the limit. */
const MOST_COUNTED = 100

/** What the counter counts: part of store keys. */
const allCallers = 'everybody'

/**
 * A limit for all callers together that adds no trip to the store to any request. Of the hits that pass, it counts a few, at
 * random and after the answer. An instance knows that the limit is reached once a count has failed. So about `limit` hits
 * pass in a window, and a few more for each instance that has not learned it yet: enough against a flood, without one
 * counter that all instances write to.
 */
export function createOverallLimit(options: OverallLimitOptions): OverallLimit {
  const { limit, exempt, random = Math.random, name, log, now } = options
  const counted = Math.min(limit, MOST_COUNTED)
  const isExempt = (address: string) => countedAs(address, exempt) === null
  const counter = createCounter({ ...options, limit: counted })
  let logged = 0
  return {
    known(address) {
      const over = isExempt(address) ? undefined : counter.known(allCallers)
      if (!over) return { limited: false }
      // An instance that has filled the last slot itself counts no more, so that the counter does not log it.
      const end = Math.floor(now() / 1000) + over.retryAfter
      if (end !== logged) log('limit_reached', { limit: name, subscriber: allCallers })
      logged = end
      return over
    },
    async count(address, signal) {
      if (!isExempt(address) && random() * limit < counted) await counter.hit(allCallers, signal)
    },
  }
}
