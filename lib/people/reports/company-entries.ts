import { inParallel } from '../../base/in-parallel.ts'
import { addCompanies, type CompaniesOfDay, type CompanyDay } from '../usage/companies-of-day.ts'
import { type CompanyTotals, readCompanyTotals } from '../usage/companies-summary.ts'
import { readCompanyRows } from '../usage/company-rows.ts'
import { addCounts, countOutcome, noCalls, type OutcomeCounts } from '../usage/outcome-counts.ts'
import { companiesKey, companyRowsKey, companyShards, windows } from '../usage/shards.ts'
import { type Day, dayNumber, dayOfNumber } from '../usage/time.ts'
import { type CompanyEntry, firstDayOf, type ReportParts, today } from './parts.ts'
import type { CompanyRow, Range } from './reports.ts'

/** The row of a page. */
export const rowOf = ({ id, name, domain, counts, people, first, last }: CompanyEntry): CompanyRow => ({
  id,
  ...(name !== undefined && { name }),
  ...(domain !== undefined && { domain }),
  ...counts,
  people,
  since: dayOfNumber(first),
  lastDay: dayOfNumber(last),
})

type Parts = Pick<ReportParts, 'store' | 'recent' | 'now'>

/** Makes the reader of companies, which reads each range once. Throws `StoreUnavailable`. */
export function createCompanies(parts: Parts): ReportParts['companies'] {
  const readings = new Map<number, Promise<readonly CompanyEntry[]>>()
  return (range, signal) => {
    const reading = readings.get(range.days) ?? readEntries(parts, range, signal)
    readings.set(range.days, reading)
    return reading
  }
}

/** Records of companies that are read side by side. Each has a line for every company of a shard. */
const shardsAtOnce = 4

/** Every company that was active in the range. This reads 16 records, of which the text of few is in memory at once. */
async function readEntries(parts: Parts, range: Range, signal: AbortSignal): Promise<readonly CompanyEntry[]> {
  const recent = await recentCompanies(parts, signal)
  const window = windowOf(parts, range)
  const first = dayNumber(window.first)
  // Before the first call, a company may have the steps of a sign-in only, and no name yet: it says nothing to an admin.
  const isShown = ({ name, domain, people, counts, last }: CompanyEntry) =>
    last >= first && (name !== undefined || domain !== undefined || people > 0 || counts.calls > 0)
  const known = await inParallel(companyShards, shardsAtOnce, async (shard) => {
    const { through, companies } = await readShard(parts, range, shard, signal)
    const entries: CompanyEntry[] = []
    for (const [id, company] of companies) {
      const entry = entryOf({ id, company, recent: since(recent.get(id), through) }, window)
      recent.delete(id)
      if (isShown(entry)) entries.push(entry)
    }
    return entries
  })
  const fresh = [...recent].map(([id, days]) => entryOf({ id, company: undefined, recent: days }, window))
  return [...known.flat(), ...fresh.filter(isShown)]
}

/** Until the rollup has written the short record of a shard for yesterday or the day before, the long one says the same. */
async function readShard(parts: Parts, range: Range, shard: string, signal: AbortSignal) {
  const start = dayNumber(firstDayOf(parts, range))
  const rows = await parts.store.get(companyRowsKey(shard), signal)
  const found = rows && readCompanyRows(rows.value, { since: start, yesterday: dayNumber(today(parts)) - 1 })
  if (found) return found
  const summary = await parts.store.get(companiesKey(shard), signal)
  return summary
    ? readCompanyTotals(summary.value, start)
    : { through: '', companies: new Map<string, CompanyTotals>() }
}

export type RecentDays = ReadonlyMap<Day, CompanyDay>

/** What each company did on the days that are not composed. */
export async function recentCompanies(
  parts: Pick<ReportParts, 'recent'>,
  signal: AbortSignal,
): Promise<Map<string, RecentDays>> {
  const companies = new Map<string, Map<Day, CompanyDay>>()
  for (const [day, { people }] of (await parts.recent(signal)).days) {
    const ofDay: CompaniesOfDay = new Map()
    addCompanies(ofDay, people)
    for (const [company, what] of ofDay) {
      const days = companies.get(company) ?? new Map()
      companies.set(company, days.set(day, what))
    }
  }
  return companies
}

const noDays: RecentDays = new Map()

/** The days that a record does not have yet. While a day is being composed, some records have it. */
export const since = (days: RecentDays | undefined, through: Day): RecentDays =>
  days === undefined ? noDays : new Map([...days].filter(([day]) => day > through))

/** The days of a range. */
export interface ReportWindow {
  readonly first: Day
  readonly today: Day
  /** Which of `windows` it is without today; -1 for today alone. */
  readonly index: number
}

export const windowOf = (parts: Pick<ReportParts, 'now'>, range: Range): ReportWindow => ({
  first: firstDayOf(parts, range),
  today: today(parts),
  index: windows.findIndex((days) => days === range.days - 1),
})

export interface FoundCompany {
  readonly id: string
  readonly company: CompanyTotals | undefined
  /** The days that are not in `company`. */
  readonly recent: RecentDays
}

export function entryOf({ id, company, recent }: FoundCompany, window: ReportWindow): CompanyEntry {
  const counts = { ...(company?.counts ?? noCalls()) }
  for (const [day, what] of recent) if (day >= window.first) addCounts(counts, countsOfDay(what))
  const now = recent.get(window.today)?.people ?? 0
  const [earliest] = recent.keys()
  const latest = [...recent.keys()].at(-1)
  return {
    id,
    name: company?.name,
    domain: company?.domain,
    counts,
    people: Math.max(company?.people[window.index] ?? 0, now),
    first: company?.first ?? dayNumber(earliest ?? window.today),
    last: latest === undefined ? (company?.last ?? 0) : dayNumber(latest),
  }
}

export function countsOfDay({ uses }: CompanyDay): OutcomeCounts {
  const counts = noCalls()
  for (const [use, count] of uses) {
    const [, what = '', outcome = ''] = use.split(' ')
    countOutcome(counts, what, outcome, count)
  }
  return counts
}
