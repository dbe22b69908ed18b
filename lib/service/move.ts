import { withDeadline } from '../base/deadline.ts'
import { createSingleFlight } from '../base/single-flight.ts'
import { eventStoreName } from '../people/usage/event-stores.ts'
import { dayAfter, dayOf } from '../people/usage/time.ts'
import type { Site } from '../settings/site.ts'
import type { BlobsStore } from '../store/blobs/blobs.ts'
import { type Copy, createCopy } from '../store/moving/copy.ts'
import { copyFacts, createMovingFacts } from '../store/moving/moving-facts.ts'
import { createMovingStore } from '../store/moving/moving-store.ts'
import { type Move, openMove } from '../store/moving/open-move.ts'
import { type Store, StoreUnavailable } from '../store/store.ts'
import { log } from './log.ts'

/** Returns one of the two stores by the word of its setting. */
export type StoreNamed = (backend: string, name: string) => BlobsStore

/** What a site uses while its records move. */
export interface SiteMove {
  /** Both stores of the site's records, the source first. */
  readonly stores: readonly [source: Store, target: Store]
  /** Returns the store that is made of two: for the records of the site, or for the events of a day. */
  storeNamed(name: string): BlobsStore
  readonly copy: Copy
}

/** Milliseconds after which an instance looks again how far the move is. */
const lookAgain = 60_000
const lookingTime = 5_000
/** Days whose usage may not be counted yet, with a margin. */
const uncountedDays = 9

const moves = new Map<string, SiteMove>()

/** Returns what a site uses while its records move. An instance has one for each site. */
export function moveOf(site: Site, move: Move, named: StoreNamed): SiteMove {
  const key = `${site.storeName} ${move.from} ${move.to}`
  const known = moves.get(key)
  if (known) return known
  const made = createMove(site, move, named)
  moves.set(key, made)
  return made
}

function createMove({ storeName }: Site, { from, to }: Move, named: StoreNamed): SiteMove {
  if (![from, to].every((one) => one === 'blobs' || one === 'postgres') || from === to) {
    throw new StoreUnavailable('STORE_BACKEND and STORE_MOVING_FROM do not name two stores')
  }
  const both = (name: string) => ({ source: named(from, name), target: named(to, name) })
  const { source, target } = both(storeName)
  const now = Date.now
  const looking = createSingleFlight<'open' | 'complete'>()
  let known: { readonly state: 'open' | 'complete'; readonly at: number } | undefined

  async function look(): Promise<'open' | 'complete'> {
    try {
      const state = await withDeadline(lookingTime, (signal) => openMove({ from, to, source, target }, now(), signal))
      known = { state, at: now() }
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      log('store_move_unopened', { from, to, reason: error.message })
      // An instance that knows less than the others uses both stores, which is right at any time.
      if (known === undefined) throw error
    }
    return known.state
  }
  const opened = async () =>
    known !== undefined && now() - known.at < lookAgain ? known.state : looking.run('state', look)

  const main: BlobsStore = {
    ...createMovingStore({ source, target, opened }),
    removeAll: async () => {
      throw new TypeError('only the events of a day are removed as a whole')
    },
  }
  const eventsNamed = (name: string): BlobsStore => ({ ...main, ...createMovingFacts({ ...both(name), opened }) })
  const eventsOf = (day: string) => both(eventStoreName(storeName, day))
  const copy = createCopy({
    ...{ from, to, source, target, now },
    events: {
      days: () =>
        Array.from({ length: uncountedDays + 1 }, (_, index) => dayAfter(dayOf(now()), index - uncountedDays + 1)),
      copy: (day, cursor, signal) => copyFacts(eventsOf(day), cursor, signal),
      drop: (day, signal) => eventsOf(day).source.removeAll(signal),
    },
  })
  return {
    stores: [source, target],
    storeNamed: (name) => (name === storeName ? main : eventsNamed(name)),
    copy,
  }
}
