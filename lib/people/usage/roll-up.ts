import { inParallel } from '../../base/in-parallel.ts'
import type { Log } from '../../base/log.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { type CompanyName, composeDay } from './compose-day.ts'
import type { EventStores } from './event-stores.ts'
import type { PseudonymSource } from './pseudonyms.ts'
import { eventsOfSlice } from './raw-events.ts'
import { type Retention, removeOldDays } from './retention.ts'
import { dayKey } from './shards.ts'
import { sliceKey, sliceOfKey, sliceRecords, tallyOf, toSliceValue } from './slices.ts'
import { soFarKey, updateSoFar } from './so-far.ts'
import {
  type Day,
  dayAfter,
  dayOf,
  dayOfSlice,
  daysBetween,
  sliceMilliseconds,
  slicesIn,
  startOfSlice,
} from './time.ts'
import { listAll } from './update.ts'

export interface RollUpOptions {
  readonly store: Store
  readonly events: EventStores
  readonly pseudonyms: Pick<PseudonymSource, 'existing'>
  /** The people who are being forgotten, as our own ids. They are read again for each slice and each day. */
  readonly beingForgotten: (signal: AbortSignal) => Promise<readonly string[]>
  readonly nameOf: (company: string, signal: AbortSignal) => Promise<CompanyName>
  readonly retention: Retention
  /** Whether the events of a counted day must be kept for now, because a receiver has not received all of them. */
  readonly isHeld?: ((day: Day, signal: AbortSignal) => Promise<boolean>) | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}

export interface RolledUp {
  readonly slices: number
  readonly events: number
  readonly days: number
  /** Whether everything that was due is done. If not, the next run continues. */
  readonly finished: boolean
}

/** Milliseconds from the end of a slice until it is counted. An event may arrive late: its writer gives up after 60 s. */
export const settleTime = 900_000
const atOnce = 16

/**
 * Rolls up what is due, in order: slices, then the day that they complete, then the events of that day are dropped. `signal`
 * limits the time of a run; the next run continues where this one stopped. Two runs at the same time count nothing twice, because
 * only one of them can create the record of a slice. Never throws `StoreUnavailable`.
 */
export async function rollUp(options: RollUpOptions, signal: AbortSignal): Promise<RolledUp> {
  const { now, log } = options
  const began = now()
  const done = { slices: 0, events: 0, days: 0 }
  let finished = false
  try {
    await rollUpDays(options, done, signal)
    finished = true
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
  }
  log('usage_rolled_up', { ...done, finished, ms: now() - began })
  return { ...done, finished }
}

async function rollUpDays(
  options: RollUpOptions,
  done: { slices: number; events: number; days: number },
  signal: AbortSignal,
): Promise<void> {
  const { store, events, now } = options
  const pseudonyms = await options.pseudonyms.existing(signal)
  if (!pseudonyms) return
  const forgetting = async () => {
    const people = new Set((await options.beingForgotten(signal)).map(pseudonyms.person))
    return (person: string) => people.has(person)
  }
  const { composed, counted } = await progress(options, signal)
  const drop = async (day: Day) => {
    if (await options.isHeld?.(day, signal)) return
    await events.of(day).removeAll(signal)
    await store.remove(soFarKey(day), signal)
    // The slices are removed last: a day that has totals and no slices is done.
    await inParallel([...(counted.get(day) ?? [])], atOnce, (slice) => store.remove(sliceKey(slice), signal))
  }
  // An interrupted run has left these behind.
  for (const day of counted.keys()) if (composed.has(day)) await drop(day)

  const latest = [...composed].at(-1)
  const first = latest === undefined ? dayOf(pseudonyms.since) : dayAfter(latest)
  for (const day of daysBetween(first, dayOf(now()))) {
    const known = counted.get(day) ?? new Set()
    counted.set(day, known)
    const due = slicesIn(day).filter((slice) => startOfSlice(slice) + sliceMilliseconds + settleTime <= now())
    for (const slice of due) {
      if (known.has(slice)) continue
      const listed = await eventsOfSlice(events.of(day), slice, signal)
      const tally = tallyOf(listed, await forgetting())
      const { won } = await store.create(sliceKey(slice), toSliceValue(tally), signal)
      known.add(slice)
      done.slices += 1
      if (won) done.events += listed.length
    }
    if (due.length < slicesIn(day).length) {
      return updateSoFar(store, { day, slices: due, isForgotten: await forgetting() }, signal)
    }
    await composeDay({ ...options, day, isForgotten: await forgetting() }, signal)
    done.days += 1
    await drop(day)
    await removeOldDays(store, options.retention, day, signal)
  }
}

/**
 * The days that are composed, in order, and the slices that are rolled up. Ignores a record of a day in the future. Otherwise an
 * attacker who can write to the store could stop the counting.
 */
export async function progress(
  { store, now }: { readonly store: Pick<Store, 'list'>; readonly now: () => number },
  signal: AbortSignal,
) {
  const [days, slices] = await Promise.all([listAll(store, dayKey(''), signal), listAll(store, sliceRecords, signal)])
  const today = dayOf(now())
  const bySlice = Map.groupBy(
    slices.map(sliceOfKey).filter((slice) => /^\d{11}$/.test(slice) && dayOfSlice(slice) <= today),
    dayOfSlice,
  )
  return {
    composed: new Set(
      days.map((key) => key.slice(dayKey('').length)).filter((day) => /^\d{8}$/.test(day) && day <= today),
    ),
    counted: new Map([...bySlice].map(([day, ofDay]) => [day, new Set(ofDay)])),
  }
}
