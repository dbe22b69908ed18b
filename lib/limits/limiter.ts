import type { GuessLimit } from '../base/rate-limit.ts'
import { type AddressRange, countedAs } from './address.ts'
import { type CounterOptions, createCounter } from './counter.ts'

export interface LimiterOptions extends CounterOptions {
  /** Ranges that are not counted: vendors whose users all come from the same few addresses. */
  readonly exempt: readonly AddressRange[]
}

/** Counts what each address does, with a `Counter`. */
export function createAddressCounter(options: LimiterOptions) {
  const { name, exempt, log } = options
  const counter = createCounter(options)
  return {
    /** `null`: the address is not limited, or no count is possible (`limit_unavailable` in the log). */
    async hit(address: string, signal: AbortSignal, subject?: string) {
      const counted = countedAs(address, exempt, subject)
      if (counted === undefined) log('limit_unavailable', { limit: name, reason: 'no address' })
      return counted ? counter.hit(counted, signal) : null
    },
    known(address: string, subject?: string) {
      const counted = countedAs(address, exempt, subject)
      return counted ? counter.known(counted) : null
    },
  }
}

/** A limit for each address: exact across all instances, and open while the store is down. */
export function createLimiter(options: LimiterOptions): GuessLimit {
  const counter = createAddressCounter(options)
  return {
    hit: async (address, signal, subject) => (await counter.hit(address, signal, subject)) ?? { limited: false },
    known: (address, subject) => counter.known(address, subject) ?? { limited: false },
  }
}
