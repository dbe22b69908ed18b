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

/** Days that are read at once. The records of a day may be long. */
const atOnce = 4

/** Counts a day into the period of each window. A run that was cut off is repeated: a period has each day once. */
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
  /** Its last day, which the result does not have yet. */
  readonly day: Day
  /** In days. */
  readonly length: number
}

/** The period of the day before, without the days that are too early now. `null`: it must be added up anew. */
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

/** Adds up the days of a window, but its last. */
async function sum(store: Store, { day, length }: Window, signal: AbortSignal): Promise<Period> {
  const period = emptyPeriod()
  await inParallel(daysBetween(dayAfter(day, 1 - length), dayAfter(day, -1)), atOnce, async (one) => {
    const ofDay = await readPeriodOfDay(store, one, signal)
    if (ofDay) addPeriod(period, ofDay)
  })
  return period
}
