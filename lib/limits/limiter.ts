import { createHmac } from 'node:crypto'
import type { Log } from '../log.ts'
import { type Store, StoreUnavailable } from '../store/store.ts'
import { type Address, type AddressRange, isWithin, parseAddress, subscriberOf } from './address.ts'
import { withTimeout } from './timeout.ts'

export type Hit = { readonly limited: false } | { readonly limited: true /** Seconds. */; readonly retryAfter: number }

/**
 * Counts what one address does in fixed windows, across all instances.
 *
 * There are `limit` slots for each address and window, and a hit passes by creating one that nobody has: whatever the
 * number of hits at once, on however many instances, no more than `limit` ever pass. An instance remembers which slots
 * are gone, and asks the store for none of them again: alone it needs one write for each hit, and none once the address
 * is over its limit. Where others count as well, a hit may find its slot taken; it then lists those that are.
 *
 * Fails open: a store that does not answer in time lets the hit pass (`limit_unavailable` in the log).
 */
export interface Limiter {
  /**
   * @param address as the platform tells it, never from a header that the caller wrote
   * @param subject what is counted apart; absent: everything that the address does
   */
  hit(address: string, signal: AbortSignal, subject?: string): Promise<Hit>
  /** Whether this instance has seen already that the address is over its limit; counts nothing and asks nobody. */
  known(address: string, subject?: string): Hit
}

export interface LimiterOptions {
  readonly store: Store
  /** A segment of store keys. */
  readonly name: string
  /** Hits that pass in one window: at least 1. */
  readonly limit: number
  readonly windowSeconds: number
  /** Ranges that are not counted: vendors whose users all come from the same few addresses. */
  readonly exempt: readonly AddressRange[]
  /** Of an HMAC, so that the store does not tell anybody's address. */
  readonly key: Uint8Array
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
  /** Milliseconds that a hit may cost the request. */
  readonly timeout?: number
}

/** Addresses that an instance remembers in one window. */
const MOST_REMEMBERED = 2_000

/** What an instance knows of the slots of one address. */
interface Slots {
  /** Not known to be taken. */
  readonly free: Set<number>
  /** One for each slot that is being asked for; settles with the answer, and never rejects. */
  readonly asked: Set<Promise<void>>
}

const passed: Hit = { limited: false }

export function createLimiter(options: LimiterOptions): Limiter {
  const { store, name, limit, windowSeconds, exempt, now, log, timeout = 1_000 } = options
  /** By the prefix of an address, in the order of first use. */
  const remembered = new Map<string, Slots>()
  let currentEnd = 0

  function slotsOf(prefix: string, end: number): Slots {
    if (end !== currentEnd) remembered.clear()
    currentEnd = end
    const known = remembered.get(prefix)
    if (known) return known
    const slots: Slots = { free: new Set(Array.from({ length: limit }, (_, slot) => slot)), asked: new Set() }
    remembered.set(prefix, slots)
    for (const oldest of remembered.keys()) {
      if (remembered.size <= MOST_REMEMBERED) break
      remembered.delete(oldest)
    }
    return slots
  }

  /** Whether a slot could be had. Each turn finds one gone, so that there are no more turns than slots. */
  async function claim(prefix: string, { free, asked }: Slots, signal: AbortSignal): Promise<boolean> {
    let listed = false
    while (free.size + asked.size > 0) {
      const slot = anyOf(free)
      if (slot === undefined) {
        await Promise.race(asked)
        continue
      }
      // Another hit on this instance is to try another one meanwhile.
      free.delete(slot)
      const { promise: answered, resolve: settle } = Promise.withResolvers<void>()
      asked.add(answered)
      try {
        const { won } = await store.create(`${prefix}${slot}`, {}, signal)
        if (won) return true
      } catch (error) {
        // Nobody knows whether it is taken: an outage must not use up what the address may do.
        free.add(slot)
        throw error
      } finally {
        asked.delete(answered)
        settle()
      }
      if (!listed) for (const taken of await listSlots(prefix, signal)) free.delete(taken)
      listed = true
    }
    return false
  }

  async function listSlots(prefix: string, signal: AbortSignal): Promise<readonly number[]> {
    const slots: number[] = []
    let cursor: string | undefined
    do {
      const page = await store.list(prefix, signal, cursor)
      slots.push(...page.keys.map((key) => Number(key.slice(prefix.length))))
      cursor = page.next
    } while (cursor !== undefined)
    return slots
  }

  /** Where an address is counted in the window that is now; `null`: it is not. */
  function windowOf(from: Address, subject: string | undefined) {
    if (exempt.some((range) => isWithin(from, range))) return null
    const seconds = Math.floor(now() / 1000)
    const end = (Math.floor(seconds / windowSeconds) + 1) * windowSeconds
    const counted = subject === undefined ? subscriberOf(from) : `${subscriberOf(from)} ${subject}`
    const subscriber = createHmac('sha256', options.key).update(counted).digest('base64url')
    const verdict: Hit = { limited: true, retryAfter: end - seconds }
    return { prefix: `limits/${end}/${name}/${subscriber}/`, end, subscriber, verdict }
  }

  return {
    async hit(address, signal, subject) {
      const from = parseAddress(address)
      if (from === null) {
        log('limit_unavailable', { limit: name, reason: 'no address' })
        return passed
      }
      const window = windowOf(from, subject)
      if (!window) return passed
      const { prefix, end, subscriber, verdict } = window
      const slots = slotsOf(prefix, end)
      const wasLimited = isOver(slots)
      try {
        if (await withTimeout(timeout, signal, (inTime) => claim(prefix, slots, inTime))) return passed
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error
        log('limit_unavailable', { limit: name, reason: error.message })
        return passed
      }
      if (!wasLimited) log('limit_reached', { limit: name, address: subscriber.slice(0, 12) })
      return verdict
    },

    known(address, subject) {
      const from = parseAddress(address)
      const window = from && windowOf(from, subject)
      const slots = window && remembered.get(window.prefix)
      // What is still being asked for counts as taken: many guesses at once are no way around a limit of guesses.
      return window && slots?.free.size === 0 ? window.verdict : passed
    },
  }
}

/** Nothing is free, and nothing is asked for that might turn out to be. */
const isOver = ({ free, asked }: Slots) => free.size + asked.size === 0

/** At random: instances that know nothing of each other seldom want the same one. */
function anyOf(slots: ReadonlySet<number>): number | undefined {
  return [...slots][Math.floor(Math.random() * slots.size)]
}
