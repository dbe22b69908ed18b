import { type AddressRange, countedAs } from './address.ts'
import { type CounterOptions, createCounter, type Over } from './counter.ts'

export type Hit = { readonly limited: false } | Over

const passed: Hit = { limited: false }

/** Counts what one address does, by a `Counter`: exactly, across all instances, and passing while the store is down. */
export interface Limiter {
  /**
   * @param address as the platform tells it, never from a header that the caller wrote
   * @param subject what is counted apart; absent: everything that the address does
   */
  hit(address: string, signal: AbortSignal, subject?: string): Promise<Hit>
  /** Whether this instance has seen already that the address is over its limit; counts nothing and asks nobody. */
  known(address: string, subject?: string): Hit
}

export interface LimiterOptions extends CounterOptions {
  /** Ranges that are not counted: vendors whose users all come from the same few addresses. */
  readonly exempt: readonly AddressRange[]
}

export function createLimiter(options: LimiterOptions): Limiter {
  const { name, exempt, log } = options
  const counter = createCounter(options)
  return {
    async hit(address, signal, subject) {
      const counted = countedAs(address, exempt, subject)
      if (counted === undefined) log('limit_unavailable', { limit: name, reason: 'no address' })
      return (counted && (await counter.hit(counted, signal))) || passed
    },
    known(address, subject) {
      const counted = countedAs(address, exempt, subject)
      return (counted && counter.known(counted)) || passed
    },
  }
}
