import { inParallel } from '../../base/in-parallel.ts'
import type { Store } from '../../store/store.ts'
import type { EventStores } from '../usage/event-stores.ts'
import type { PseudonymSource } from '../usage/pseudonyms.ts'
import { eventsOfSlice } from '../usage/raw-events.ts'
import { progress } from '../usage/roll-up.ts'
import { addTally, createTally, readSlice, sliceKey, type Tally, tallyOf } from '../usage/slices.ts'
import { readSoFar, soFarKey } from '../usage/so-far.ts'
import { type Day, dayAfter, dayOf, daysBetween, slicesIn, startOfSlice } from '../usage/time.ts'

/** The days that are not composed yet, normally today alone: their slices, and the events that are not rolled up. */
export interface Recent {
  /** The latest composed day; `undefined` if there is none. */
  readonly composed: Day | undefined
  readonly days: ReadonlyMap<Day, Tally>
}

export interface RecentOptions {
  readonly store: Store
  readonly events: EventStores
  readonly pseudonyms: Pick<PseudonymSource, 'existing'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Milliseconds for which one reading serves all parts of a page. */
const keptFor = 2_000
const atOnce = 32

/** Makes the reader of what is not composed yet. Readers at the same moment share one reading. Throws `StoreUnavailable`. */
export function createRecent(options: RecentOptions): (signal: AbortSignal) => Promise<Recent> {
  let latest: { readonly at: number; readonly reading: Promise<Recent> } | undefined
  return (signal) => {
    const now = options.now()
    if (latest && now - latest.at < keptFor) return latest.reading.catch(() => readRecent(options, signal))
    latest = { at: now, reading: readRecent(options, signal) }
    return latest.reading
  }
}

async function readRecent({ store, events, pseudonyms, now }: RecentOptions, signal: AbortSignal): Promise<Recent> {
  const names = await pseudonyms.existing(signal)
  if (!names) return { composed: undefined, days: new Map() }
  const { composed, counted } = await progress({ store, now }, signal)
  const latest = [...composed].at(-1)
  const time = now()
  const days = new Map<Day, Tally>()
  for (const day of daysBetween(latest === undefined ? dayOf(names.since) : dayAfter(latest), dayOf(time))) {
    const known = counted.get(day) ?? new Set()
    const stored = known.size > 0 ? await store.get(soFarKey(day), signal) : null
    const { through, tally } = readSoFar(stored?.value) ?? { through: '', tally: createTally() }
    days.set(day, tally)
    const later = [...known].filter((slice) => slice > through)
    await inParallel(later, atOnce, async (slice) => {
      const found = await store.get(sliceKey(slice), signal)
      // It may have been removed since, with its day. The next reading has the day.
      if (found) addTally(tally, readSlice(found.value))
    })
    const open = slicesIn(day).filter((slice) => !known.has(slice) && startOfSlice(slice) <= time)
    const lists = await inParallel(open, atOnce, (slice) => eventsOfSlice(events.of(day), slice, signal))
    const latestEvents = tallyOf(lists.flat(), () => false)
    addTally(tally, latestEvents)
  }
  return { composed: latest, days }
}
