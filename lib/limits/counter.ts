import { createHmac, createSecretKey } from 'node:crypto'
import { BoundedMap } from '../base/bounded-map.ts'
import { withDeadline } from '../base/deadline.ts'
import type { Log } from '../base/log.ts'
import type { Limit, RateLimitCount, RateLimited } from '../base/rate-limit.ts'
import { type Store, StoreUnavailable } from '../store/store.ts'
import { pagesOf } from '../store/sweep.ts'

/**
 * Counts hits in fixed windows, across all instances, for each `counted`: a user or an address.
 *
 * Each of them has `limit` slots in a window, and a hit passes by creating a slot that does not exist yet. However many hits
 * arrive at once on however many instances, no more than `limit` pass. An instance remembers the slots that are taken, and
 * does not ask the store for them again. On its own it needs one write for each hit, and none once the limit is reached.
 * When other instances count too, a hit may find its slot taken; the instance then lists the slots that are.
 *
 * Fails open: a store that does not answer in time lets the hit pass (`limit_unavailable` in the log). Throws
 * `StoreUnavailable` when the signal of the request has fired before the hit was counted.
 */
export type Counter = ReturnType<typeof createCounter>

export interface CounterOptions extends Limit {
  readonly store: Store
  /** A segment of store keys. */
  readonly name: string
  /** Key of an HMAC, so that store keys do not name users or addresses. */
  readonly key: Uint8Array
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
  /** Milliseconds that a hit may cost the request. */
  readonly timeout?: number
  /** Whether to list the slots during the first hit on this instance, so that `remaining` counts other instances too. */
  readonly listFirst?: boolean
}

/** Users or addresses that an instance remembers in one window. */
const MOST_REMEMBERED = 2_000

/** What an instance knows about the slots of one user or address. */
interface Slots {
  /** The slots that may be free: this instance does not know that they are taken. */
  readonly free: Set<number>
  /** One for each slot that is being created; settles with the answer, and never rejects. */
  readonly asked: Set<Promise<void>>
}

export function createCounter(options: CounterOptions) {
  const { store, name, limit, windowSeconds, key, now, log, timeout = 1_000, listFirst = false } = options
  // As a KeyObject: an HMAC with the raw bytes takes six times as long.
  const secret = createSecretKey(key)
  /** By the prefix of store keys. */
  const remembered = new BoundedMap<string, Slots>(MOST_REMEMBERED)
  let currentEnd = 0

  /** Takes a free slot, if there is one. Each turn finds one taken, so there are no more turns than slots. */
  async function claim(prefix: string, slots: Slots, signal: AbortSignal, learning?: Promise<void>): Promise<boolean> {
    const { free, asked } = slots
    let learned = learning
    while (free.size + asked.size > 0) {
      // At random: instances that do not know of each other seldom want the same slot.
      const slot = [...free][Math.floor(Math.random() * free.size)]
      if (slot === undefined) {
        await Promise.race(asked)
        continue
      }
      // Concurrent hits on this instance try other slots.
      free.delete(slot)
      const { promise: answered, resolve: settle } = Promise.withResolvers<void>()
      asked.add(answered)
      try {
        const { won } = await store.create(`${prefix}${slot}`, {}, signal)
        if (won) return true
      } catch (error) {
        // It is unknown whether the slot is taken. An outage must not use up the limit.
        free.add(slot)
        throw error
      } finally {
        asked.delete(answered)
        settle()
      }
      learned ??= forgetTaken(prefix, slots, signal)
      await learned
    }
    return false
  }

  async function forgetTaken(prefix: string, { free }: Slots, signal: AbortSignal): Promise<void> {
    for await (const keys of pagesOf(store, prefix, signal)) {
      for (const taken of keys) free.delete(Number(taken.slice(prefix.length)))
    }
  }

  /** Where the store counts a user or an address in the current window. */
  function windowOf(counted: string) {
    const seconds = Math.floor(now() / 1000)
    const end = (Math.floor(seconds / windowSeconds) + 1) * windowSeconds
    const subscriber = createHmac('sha256', secret).update(counted).digest('base64url')
    const over: RateLimited = { limited: true, retryAfter: end - seconds }
    return { prefix: `limits/${end}/${name}/${subscriber}/`, end, subscriber, over }
  }

  return {
    /** `null`: the count is unknown, and the hit passes. */
    async hit(counted: string, signal: AbortSignal): Promise<RateLimitCount | null> {
      const { prefix, end, subscriber, over } = windowOf(counted)
      const known = remembered.get(prefix)
      const slots = known ?? { free: new Set(Array(limit).keys()), asked: new Set() }
      if (!known) {
        if (end !== currentEnd) remembered.clear()
        currentEnd = end
        remembered.set(prefix, slots)
      }
      // No slot is free, and none is being created that might turn out to be.
      const wasLimited = slots.free.size + slots.asked.size === 0
      try {
        const counting = (inTime: AbortSignal) => {
          const learning = listFirst && !known ? forgetTaken(prefix, slots, inTime) : undefined
          return Promise.all([claim(prefix, slots, inTime, learning), learning])
        }
        const [won] = await withDeadline(timeout, counting, signal)
        if (won) return { limited: false, remaining: slots.free.size, resetAfter: over.retryAfter }
      } catch (error) {
        // A store that is down lets a hit pass. A request whose time is over does not: it would pass uncounted.
        if (!(error instanceof StoreUnavailable) || signal.aborted) throw error
        log('limit_unavailable', { limit: name, reason: error.message })
        return null
      }
      if (!wasLimited) log('limit_reached', { limit: name, subscriber: subscriber.slice(0, 12) })
      return over
    },

    /** Whether this instance knows that the limit is reached. Counts nothing, and asks no store. */
    known(counted: string): RateLimited | null {
      const { prefix, over } = windowOf(counted)
      // A slot that is being created counts as taken, so many guesses at once do not get around a limit of guesses.
      return remembered.get(prefix)?.free.size === 0 ? over : null
    },
  }
}
