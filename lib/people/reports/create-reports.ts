import { newPeopleOf } from '../usage/names.ts'
import { dayAfter, dayNumber } from '../usage/time.ts'
import { listAll } from '../usage/update.ts'
import { companies, company, namedRows } from './companies.ts'
import { createCompanies } from './company-entries.ts'
import { countPeople, exportCompanies, exportPeople, exportUsage } from './exports.ts'
import { createNameReader, firstDayOf, type ReportParts, today } from './parts.ts'
import { people, person, personRows } from './people.ts'
import { createPeriods } from './period.ts'
import { createRecent, type RecentOptions } from './recent.ts'
import type { NewThisWeek, Reports } from './reports.ts'
import { clients, funnel, overview, refusals, tools } from './totals.ts'

export interface ReportsOptions extends RecentOptions {
  /** The names of the tools that the server offers. */
  readonly tools: readonly string[]
  /** Reads who a person is. */
  readonly readUser: ReportParts['readUser']
}

/** Makes the reports of one request: what they have read, they do not read again. */
export function createReports(options: ReportsOptions): Reports {
  const recent = createRecent(options)
  const read = { ...options, recent }
  const parts: ReportParts = { ...read, period: createPeriods(read), companies: createCompanies(read) }
  const names = createNameReader(options.store)
  return {
    overview: (range, signal) => overview(parts, range, signal),
    companies: (query, signal) => companies(parts, names, query, signal),
    company: (id, range, signal) => company(parts, names, { id, range }, signal),
    people: (query, signal) => people(parts, names, query, signal),
    person: (sub, range, signal) => person(parts, names, { sub, range }, signal),
    clients: (range, signal, prefix) => clients(parts, names, { range, prefix }, signal),
    tools: (range, signal) => tools(parts, range, signal),
    funnel: (range, signal) => funnel(parts, names, range, signal),
    refusals: (range, signal) => refusals(parts, range, signal),
    newThisWeek: (signal) => newThisWeek(parts, names, signal),
    exportUsage: (range, signal, part) => exportUsage(parts, names, { range, part }, signal),
    exportPeople: (signal, part) => exportPeople(parts, names, part, signal),
    countPeople: (signal) => countPeople(parts, signal),
    exportCompanies: (range, signal) => exportCompanies(parts, names, range, signal),
  }
}

const week = { days: 7 } as const
const mostShown = 50

async function newThisWeek(
  parts: ReportParts,
  names: ReturnType<typeof createNameReader>,
  signal: AbortSignal,
): Promise<NewThisWeek> {
  const days = Array.from({ length: week.days }, (_, index) => dayAfter(today(parts), -index))
  const [lists, entries, pseudonyms] = await Promise.all([
    Promise.all(days.map((day) => listAll(parts.store, newPeopleOf(day), signal))),
    parts.companies(week, signal),
    parts.pseudonyms.existing(signal),
  ])
  const subs = lists.flat().map((key) => key.slice(key.lastIndexOf('/') + 1))
  const since = dayNumber(firstDayOf(parts, week))
  const fresh = entries
    .filter(({ id, first }) => id !== '-' && first >= since)
    .toSorted((a, b) => b.counts.calls - a.counts.calls)
  return {
    peopleCount: subs.length,
    people: pseudonyms
      ? await personRows({ parts, names, pseudonyms, range: week }, subs.slice(0, mostShown), signal)
      : [],
    companyCount: fresh.length,
    companies: await namedRows(fresh.slice(0, mostShown), names, signal),
  }
}
