import { defined } from '../../base/defined.ts'
import { inParallel } from '../../base/in-parallel.ts'
import { addCompanies, type CompaniesOfDay, type CompanyDay, readCompanies } from '../usage/companies-of-day.ts'
import { type CompanyTotals, readCompaniesSummary, readCompanyTotals } from '../usage/companies-summary.ts'
import { type DayCounts as CountsByDay, countsSince } from '../usage/day-counts.ts'
import { noId } from '../usage/event-key.ts'
import { addCounts, countOutcome, noCalls } from '../usage/outcome-counts.ts'
import { companiesKey, companyShard, companyShards, dayCompaniesKey, windows } from '../usage/shards.ts'
import { type Day, dayNumber, dayOfNumber } from '../usage/time.ts'
import { limitOf, pageOfRows } from './paging.ts'
import { atOnce, daysOf, firstDayOf, type NameReader, pseudonymForm, type ReportParts, today } from './parts.ts'
import type { CompaniesQuery, CompanyReport, CompanyRow, DayCounts, Page, Range } from './reports.ts'
import { startsWith } from './totals.ts'
import { addUses, useRows } from './uses.ts'

/** A company that is only known from today may be searched by name only among so many. */
const mostUnnamed = 500

export async function companies(
  parts: ReportParts,
  names: NameReader,
  query: CompaniesQuery,
  signal: AbortSignal,
): Promise<Page<CompanyRow>> {
  const { order = 'calls', search = '' } = query
  const rows = await companyRows(parts, query.range, signal)
  const named = search === '' ? rows : (await withNames(rows, names, signal)).filter((row) => isFound(row, search))
  const page = pageOfRows(order === 'name' ? await withNames(named, names, signal) : named, orders[order], {
    ...query,
    limit: limitOf(query),
  })
  const fresh = await inParallel(page.rows, atOnce, async (row) => ({
    ...row,
    ...(await names.company(row.id, signal)),
  }))
  return { ...page, rows: fresh }
}

const orders: Readonly<Record<NonNullable<CompaniesQuery['order']>, (row: CompanyRow) => number | string>> = {
  calls: ({ calls }) => calls,
  people: ({ people }) => people,
  errors: ({ failed }) => failed,
  newest: ({ since }) => Number(since),
  name: ({ name, domain, id }) => (name ?? domain ?? `\uffff${id}`).toLowerCase(),
}

const isFound = ({ id, name = '', domain = '' }: CompanyRow, search: string) =>
  id !== noId && [name, domain].some((text) => startsWith(text, search))

/** Companies that are composed have their names; reads those of the others. */
async function withNames(
  rows: readonly CompanyRow[],
  names: NameReader,
  signal: AbortSignal,
): Promise<readonly CompanyRow[]> {
  const unnamed = rows.filter(({ id, name, domain }) => id !== noId && name === undefined && domain === undefined)
  const read = await inParallel(unnamed.slice(0, mostUnnamed), atOnce, async ({ id }) => [id, await names.company(id, signal)] as const) // biome-ignore format: one line
  const found = new Map(read)
  return rows.map((row) => ({ ...row, ...found.get(row.id) }))
}

/** Every company that was active in the range. This reads all companies, in 16 records, and no person. */
export async function companyRows(parts: ReportParts, range: Range, signal: AbortSignal): Promise<CompanyRow[]> {
  const [summaries, recent] = await Promise.all([
    inParallel(companyShards, atOnce, (shard) => parts.companySummaries(shard, signal)),
    recentCompanies(parts, signal),
  ])
  const since = dayNumber(firstDayOf(parts, range))
  const rows: CompanyRow[] = []
  const seen = new Set<string>()
  for (const summary of summaries) {
    for (const [id, company] of summary ? readCompanyTotals(summary, since) : []) {
      seen.add(id)
      rows.push(rowOf(parts, range, { id, company, recent: recent.get(id) }))
    }
  }
  for (const [id, days] of recent) {
    if (!seen.has(id)) rows.push(rowOf(parts, range, { id, company: undefined, recent: days }))
  }
  const first = firstDayOf(parts, range)
  // Before the first call, a row may have the steps of a sign-in only, and no name yet: it says nothing to an admin.
  const isEmpty = ({ name, domain, people, calls }: CompanyRow) => !name && !domain && people === 0 && calls === 0
  return rows.filter((row) => row.lastDay >= first && !isEmpty(row))
}

/** Makes the reader of what is known about the companies of a shard, which reads each shard once. Throws `StoreUnavailable`. */
export function createCompanySummaries(store: ReportParts['store']): ReportParts['companySummaries'] {
  const readings = new Map<string, ReturnType<ReportParts['companySummaries']>>()
  return (shard, signal) => {
    const reading =
      readings.get(shard) ?? store.get(companiesKey(shard), signal).then((stored) => stored?.value ?? null)
    readings.set(shard, reading)
    return reading
  }
}

/** What each company did on the days that are not composed. */
async function recentCompanies(parts: ReportParts, signal: AbortSignal) {
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

interface Found {
  readonly id: string
  readonly company: CompanyTotals | undefined
  readonly recent: ReadonlyMap<Day, CompanyDay> | undefined
}

function rowOf(parts: ReportParts, range: Range, { id, company, recent = new Map() }: Found): CompanyRow {
  const firstDay = firstDayOf(parts, range)
  const counts = { ...(company?.counts ?? noCalls()) }
  const recentDays = [...recent.keys()]
  for (const [day, what] of recent) if (day >= firstDay) addCounts(counts, countsOfDay(what))
  const now = recent.get(today(parts))?.people ?? 0
  const window = windows.findIndex((days) => days === range.days - 1)
  return defined({
    id,
    name: company?.name,
    domain: company?.domain,
    ...counts,
    people: company && window !== -1 ? Math.max(company.people[window] ?? 0, now) : now,
    since: company ? dayOfNumber(company.first) : (recentDays[0] ?? today(parts)),
    lastDay: recentDays.at(-1) ?? dayOfNumber(company?.last ?? 0),
  })
}

function countsOfDay({ uses }: CompanyDay) {
  const counts = noCalls()
  for (const [use, count] of uses) {
    const [, what = '', outcome = ''] = use.split(' ')
    countOutcome(counts, what, outcome, count)
  }
  return counts
}

export async function company(
  parts: ReportParts,
  names: NameReader,
  { id, range }: { readonly id: string; readonly range: Range },
  signal: AbortSignal,
): Promise<CompanyReport | null> {
  if (id !== noId && !pseudonymForm.test(id)) return null
  const shard = companyShard(id)
  const days = daysOf(parts, range)
  const [summaries, recents, name, ofDays] = await Promise.all([
    parts.companySummaries(shard, signal),
    recentCompanies(parts, signal),
    names.company(id, signal),
    inParallel(days, atOnce, async (day) => {
      const stored = await parts.store.get(dayCompaniesKey(day, shard), signal)
      return stored ? readCompanies(stored.value).get(id) : undefined
    }),
  ])
  const summary = summaries ? readCompaniesSummary(summaries).companies.get(id) : undefined
  const counts = summary && countsSince(summary.days, dayNumber(firstDayOf(parts, range)))
  const found: Found = { id, company: summary && counts && { ...summary, counts }, recent: recents.get(id) }
  if (!found.company && !found.recent) return null
  const uses = new Map<string, ReturnType<typeof noCalls>>()
  for (const day of [...ofDays, ...(found.recent?.values() ?? [])]) {
    for (const [use, count] of day?.uses ?? []) addUses(uses, use, count)
  }
  const byDay: CountsByDay = new Map(summary?.days)
  for (const [day, what] of found.recent ?? []) byDay.set(dayNumber(day), countsOfDay(what))
  return {
    ...rowOf(parts, range, found),
    ...name,
    days: dayRows(days, byDay),
    use: await useRows(uses, names, signal),
  }
}

/** One row for each day, also for those without a call. */
export const dayRows = (days: readonly Day[], counts: CountsByDay): readonly DayCounts[] =>
  days.map((day) => ({ day, ...(counts.get(dayNumber(day)) ?? noCalls()) }))
