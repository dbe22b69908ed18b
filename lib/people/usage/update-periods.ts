import { inParallel } from '../../base/in-parallel.ts'
import type { Store } from '../../store/store.ts'
import { type Active, activeCompanies, readPeriodOfDay } from './day-totals.ts'
import {
  addPeriod,
  emptyPeriod,
  type Period,
  readPeriod,
  type StoredPeriod,
  subtractPeriod,
  toPeriodValue,
} from './period.ts'
import { dayText, periodKey, windows } from './shards.ts'
import { type Day, dayAfter, dayNumber, daysBetween } from './time.ts'
import { update } from './update.ts'

/** How many days are read at once. The records of a day may be long. */
const atOnce = 4

/**
 * Adds a day to the period of each window. It can be called again after an interruption: a period that has the day stays as it
 * is.
 */
export async function updatePeriods(
  store: Store,
  { day, period, active }: { readonly day: Day; readonly period: Period; readonly active: Active },
  signal: AbortSignal,
): Promise<void> {
  const companies = activeCompanies(active)
  await inParallel([...windows.entries()], atOnce, ([index, length]) =>
    update(
      store,
      periodKey(length),
      async (value) => {
        const before = value && readPeriod(value)
        if (before && before.through >= day) return null
        const window = { day, length }
        const moved = (await move(store, before, window, signal)) ?? (await sum(store, window, signal))
        addPeriod(moved, period)
        const counts = { activePeople: active.people[index] ?? 0, activeCompanies: companies[index] ?? 0 }
        return toPeriodValue({ through: day, ...counts, period: moved })
      },
      signal,
    ),
  )
}

interface Window {
  /** The last day of the window. The result of `move` and `sum` does not include it. */
  readonly day: Day
  /** The length of the window in days. */
  readonly length: number
}

/**
 * Takes the period that ended a day earlier, and subtracts the days that are no longer in the window. Returns `null` if this is
 * not possible, so that the caller must add up all days.
 */
async function move(
  store: Store,
  before: StoredPeriod | null,
  { day, length }: Window,
  signal: AbortSignal,
): Promise<Period | null> {
  if (before?.through !== dayAfter(day, -1)) return null
  const { period } = before
  for (const number of [...period.days.keys()]) {
    if (number > dayNumber(day) - length) continue
    const early = await readPeriodOfDay(store, dayText(number), signal)
    if (!early) return null
    subtractPeriod(period, early)
  }
  return period
}

/** Adds up the days of a window except its last day. */
async function sum(store: Store, { day, length }: Window, signal: AbortSignal): Promise<Period> {
  const period = emptyPeriod()
  await inParallel(daysBetween(dayAfter(day, 1 - length), dayAfter(day, -1)), atOnce, async (one) => {
    const ofDay = await readPeriodOfDay(store, one, signal)
    if (ofDay) addPeriod(period, ofDay)
  })
  return period
}
