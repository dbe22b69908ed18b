import type { GuessLimit, RateLimitCount, RateLimited } from '../base/rate-limit.ts'
import { type AddressRange, countedAs } from './address.ts'
import { type CounterOptions, createCounter } from './counter.ts'

/** Counts what each address does, with a `Counter`. */
export interface AddressCounter {
  /** `null`: the address is not limited, or no count is possible (`limit_unavailable` in the log). */
  hit(address: string, signal: AbortSignal, subject?: string): Promise<RateLimitCount | null>
  known(address: string, subject?: string): RateLimited | null
}

export interface LimiterOptions extends CounterOptions {
  /** Ranges that are not counted: vendors whose users all come from the same few addresses. */
  readonly exempt: readonly AddressRange[]
}

export function createAddressCounter(options: LimiterOptions): AddressCounter {
  const { name, exempt, log } = options
  const counter = createCounter(options)
  return {
    async hit(address, signal, subject) {
      const counted = countedAs(address, exempt, subject)
      if (counted === undefined) log('limit_unavailable', { limit: name, reason: 'no address' })
      return counted ? counter.hit(counted, signal) : null
    },
    known(address, subject) {
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
