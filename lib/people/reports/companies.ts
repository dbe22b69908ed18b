import { inParallel } from '../../base/in-parallel.ts'
import { readCompanyOfDay } from '../usage/companies-of-day.ts'
import { readCompanySummary } from '../usage/companies-summary.ts'
import { type DayCounts as CountsByDay, countsSince } from '../usage/day-counts.ts'
import { noId } from '../usage/event-key.ts'
import { noCalls } from '../usage/outcome-counts.ts'
import { companiesKey, companyShard, dayCompaniesKey } from '../usage/shards.ts'
import { type Day, dayNumber } from '../usage/time.ts'
import { countsOfDay, entryOf, recentCompanies, rowOf, since, windowOf } from './company-entries.ts'
import { limitOf, pageOfRows } from './paging.ts'
import {
  atOnce,
  type CompanyEntry,
  daysOf,
  firstDayOf,
  type NameReader,
  pseudonymForm,
  type ReportParts,
} from './parts.ts'
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
  const all = await parts.companies(query.range, signal)
  const named = search === '' ? all : (await withNames(all, names, signal)).filter((entry) => isFound(entry, search))
  const page = pageOfRows(order === 'name' ? await withNames(named, names, signal) : named, orders[order], {
    ...query,
    limit: limitOf(query),
  })
  return { ...page, rows: await namedRows(page.rows, names, signal) }
}

/** The rows of some companies, with the latest names. */
export const namedRows = (
  entries: readonly CompanyEntry[],
  names: NameReader,
  signal: AbortSignal,
): Promise<readonly CompanyRow[]> =>
  inParallel(entries, atOnce, async (entry) => ({ ...rowOf(entry), ...(await names.company(entry.id, signal)) }))

const orders: Readonly<Record<NonNullable<CompaniesQuery['order']>, (entry: CompanyEntry) => number | string>> = {
  calls: ({ counts }) => counts.calls,
  people: ({ people }) => people,
  errors: ({ counts }) => counts.failed,
  newest: ({ first }) => first,
  name: ({ name, domain, id }) => (name ?? domain ?? `\uffff${id}`).toLowerCase(),
}

const isFound = ({ id, name = '', domain = '' }: CompanyEntry, search: string) =>
  id !== noId && [name, domain].some((text) => startsWith(text, search))

/** Companies that are composed have their names; reads those of the others. */
async function withNames(
  entries: readonly CompanyEntry[],
  names: NameReader,
  signal: AbortSignal,
): Promise<readonly CompanyEntry[]> {
  const unnamed = entries.filter(({ id, name, domain }) => id !== noId && name === undefined && domain === undefined)
  const read = await inParallel(unnamed.slice(0, mostUnnamed), atOnce, async ({ id }) => [id, await names.company(id, signal)] as const) // biome-ignore format: one line
  const found = new Map(read)
  return entries.map((entry) => (found.has(entry.id) ? { ...entry, ...found.get(entry.id) } : entry))
}

export async function company(
  parts: ReportParts,
  names: NameReader,
  { id, range }: { readonly id: string; readonly range: Range },
  signal: AbortSignal,
): Promise<CompanyReport | null> {
  if (id !== noId && !pseudonymForm.test(id)) return null
  const shard = companyShard(id)
  const [stored, recents, name] = await Promise.all([
    parts.store.get(companiesKey(shard), signal),
    recentCompanies(parts, signal),
    names.company(id, signal),
  ])
  const { through, summary } = stored ? readCompanySummary(stored.value, id) : { through: '', summary: undefined }
  const recent = since(recents.get(id), through)
  if (!summary && recent.size === 0) return null
  const days = daysOf(parts, range)
  const uses = new Map<string, ReturnType<typeof noCalls>>()
  const called = days.filter((day) => summary?.days.has(dayNumber(day)))
  const ofDays = await inParallel(called, atOnce, async (day) => {
    const ofDay = await parts.store.get(dayCompaniesKey(day, shard), signal)
    return ofDay ? readCompanyOfDay(ofDay.value, id) : undefined
  })
  const first = firstDayOf(parts, range)
  const recentDays = [...recent].flatMap(([day, what]) => (day >= first ? [what] : []))
  for (const day of [...ofDays, ...recentDays]) {
    for (const [use, count] of day?.uses ?? []) addUses(uses, use, count)
  }
  const byDay: CountsByDay = new Map(summary?.days)
  for (const [day, what] of recent) byDay.set(dayNumber(day), countsOfDay(what))
  const totals = summary && { ...summary, counts: countsSince(summary.days, dayNumber(first)) }
  return {
    ...rowOf(entryOf({ id, company: totals, recent }, windowOf(parts, range))),
    ...name,
    days: dayRows(days, byDay),
    use: await useRows(uses, names, signal),
  }
}

/** One row for each day, also for those without a call. */
export const dayRows = (days: readonly Day[], counts: CountsByDay): readonly DayCounts[] =>
  days.map((day) => ({ day, ...(counts.get(dayNumber(day)) ?? noCalls()) }))
