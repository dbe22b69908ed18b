import { inParallel } from '../../base/in-parallel.ts'
import { periodOf, readActive, readPeriodOfDay, totalsOfTally } from '../usage/day-totals.ts'
import { addPeriod, emptyPeriod, type Period, readPeriod, type StoredPeriod, subtractPeriod } from '../usage/period.ts'
import { periodKey, type Window, windows } from '../usage/shards.ts'
import { dayAfter, dayNumber, dayOfNumber } from '../usage/time.ts'
import { atOnce, daysOf, firstDayOf, type PeriodOfRange, type ReportParts, today } from './parts.ts'
import type { Recent } from './recent.ts'
import type { Range } from './reports.ts'

type Parts = Pick<ReportParts, 'store' | 'recent' | 'now'>

/** Makes the reader of totals, which reads each range once. Throws `StoreUnavailable`. */
export function createPeriods(parts: Parts): ReportParts['period'] {
  const readings = new Map<number, Promise<PeriodOfRange>>()
  return (range, signal) => {
    const reading = readings.get(range.days) ?? readRange(parts, range, signal)
    readings.set(range.days, reading)
    return reading
  }
}

/** Days for which the rollup may be behind before its records of periods are of no more use than those of days. */
const mostLate = 7

async function readRange(parts: Parts, range: Range, signal: AbortSignal): Promise<PeriodOfRange> {
  const window = windows.find((days) => days === range.days - 1)
  const [recent, record] = await Promise.all([
    parts.recent(signal),
    window === undefined ? null : parts.store.get(periodKey(window), signal),
  ])
  const stored = record && readPeriod(record.value)
  const known = stored && (await withoutEarly(parts, range, stored, signal))
  const period = known ?? emptyPeriod()
  const missing = daysOf(parts, range).filter((day) => !known || !stored || day > stored.through)
  await inParallel(missing, atOnce, async (day) => {
    const tally = recent.days.get(day)
    const ofDay = tally ? periodOf(day, totalsOfTally(tally)) : await readPeriodOfDay(parts.store, day, signal)
    if (ofDay) addPeriod(period, ofDay)
  })
  return { period, ...(await activeIn(parts, { window, stored, recent, period }, signal)) }
}

/** What a record says of a range: the days before it are taken away. `null`: the days themselves must be read. */
async function withoutEarly(
  parts: Parts,
  range: Range,
  { period, through }: StoredPeriod,
  signal: AbortSignal,
): Promise<Period | null> {
  if (through < dayAfter(today(parts), -mostLate)) return null
  const first = dayNumber(firstDayOf(parts, range))
  for (const number of [...period.days.keys()].filter((day) => day < first)) {
    const early = await readPeriodOfDay(parts.store, dayOfNumber(number), signal)
    if (!early) return null
    subtractPeriod(period, early)
  }
  return period
}

/** How many different people and companies there were. Today alone has its own. */
async function activeIn(
  parts: Parts,
  found: {
    readonly window: Window | undefined
    readonly stored: StoredPeriod | null
    readonly recent: Recent
    readonly period: Period
  },
  signal: AbortSignal,
) {
  const { window, stored, recent, period } = found
  if (stored) return { people: stored.activePeople, companies: stored.activeCompanies, through: stored.through }
  const active =
    window === undefined || recent.composed === undefined
      ? null
      : await readActive(parts.store, { day: recent.composed, window }, signal)
  const { people = 0, companies = 0 } = active ?? period.days.get(dayNumber(today(parts))) ?? {}
  return { people, companies, through: (active && recent.composed) ?? today(parts) }
}
