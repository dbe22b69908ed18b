import * as v from 'valibot'
import type { StoreValue } from '../../store/store.ts'
import type { CompaniesOfDay } from './companies-of-day.ts'
import { type DayCounts, forgetBefore, fromNumbers, toNumbers } from './day-counts.ts'
import { addCounts, countOutcome, noCalls, type OutcomeCounts } from './outcome-counts.ts'
import { longestWindow } from './shards.ts'
import { type Day, dayNumber } from './time.ts'

export interface CompanySummary {
  readonly name?: string
  readonly domain?: string
  /** The numbers of the days of the first and the latest event. */
  readonly first: number
  last: number
  /** Different people who called a tool, for each of `windows`. */
  people: readonly number[]
  /** The counts of those of the last 89 days on which the company called a tool, by the number of the day. */
  readonly days: DayCounts
}

/** The companies of one shard, by pseudonym. */
export interface CompaniesSummary {
  /** The latest day that the record includes. */
  readonly through: Day
  readonly companies: Map<string, CompanySummary>
}

const optionalText = v.optional(v.nullable(v.string()))
const summaryValue = v.object({
  through: v.string(),
  /** Each with its name and its domain, or null. */
  companies: v.array(v.tuple([v.string(), optionalText, optionalText])),
})

export function readCompaniesSummary(value: StoreValue): CompaniesSummary {
  const { through, companies } = v.parse(summaryValue, value)
  return { through, companies: new Map(companies.map(readLine)) }
}

/** Reads one company of a record. */
export function readCompanySummary(value: StoreValue, company: string) {
  const { through, companies } = v.parse(summaryValue, value)
  const line = companies.find(([text]) => text.startsWith(`${company} `))
  return { through, summary: line && readLine(line)[1] }
}

function readLine([line, name, domain]: v.InferOutput<typeof summaryValue>['companies'][number]): [
  string,
  CompanySummary,
] {
  const [company = '', ...rest] = line.split(' ')
  const [first = 0, last = 0, week = 0, month = 0, quarter = 0, ...numbers] = rest.map(Number)
  const names = { ...(name == null ? undefined : { name }), ...(domain == null ? undefined : { domain }) }
  return [company, { ...names, first, last, people: [week, month, quarter], days: fromNumbers(numbers) }]
}

/** What pages show about a company: its calls since a certain day, as one sum. */
export interface CompanyTotals extends Pick<CompanySummary, 'first' | 'last' | 'people'> {
  readonly name?: string | undefined
  readonly domain?: string | undefined
  readonly counts: OutcomeCounts
}

/**
 * Reads a record for the days from `since` on, as the number of a day. It makes no object for a day, because ten thousand
 * companies have half a million days.
 */
export function readCompanyTotals(value: StoreValue, since: number) {
  const totals = new Map<string, CompanyTotals>()
  const { through, companies } = v.parse(summaryValue, value)
  for (const [line, name, domain] of companies) {
    const names = { ...(name == null ? undefined : { name }), ...(domain == null ? undefined : { domain }) }
    const numbers = numbersIn(line)
    const next = () => numbers.next().value ?? 0
    const [first, last, week, month, quarter] = [next(), next(), next(), next(), next()]
    const counts = noCalls()
    for (let day = next(); day > 0; day = next()) {
      const ofDay = { calls: next(), failed: next(), refused: next(), cancelled: next() }
      if (day >= since) addCounts(counts, ofDay)
    }
    totals.set(line.slice(0, line.indexOf(' ')), { ...names, first, last, people: [week, month, quarter], counts })
  }
  return { through, companies: totals }
}

/** The whole numbers of a line, after its first word. */
function* numbersIn(line: string): Generator<number, undefined> {
  let at = line.indexOf(' ') + 1
  while (at > 0 && at < line.length) {
    const end = line.indexOf(' ', at)
    yield Number(end === -1 ? line.slice(at) : line.slice(at, end))
    at = end === -1 ? line.length : end + 1
  }
}

export const toCompaniesSummaryValue = ({ through, companies }: CompaniesSummary): StoreValue => ({
  through,
  companies: [...companies].map(([company, { name, domain, first, last, people, days }]) => [
    [company, first, last, ...people, ...toNumbers(days)].join(' '),
    name ?? null,
    domain ?? null,
  ]),
})

/** After this many days, the names of an active company are read again. */
const namesKept = 30

/** Whether to read the names of a company that was active on a day. */
export const needsNames = ({ companies }: CompaniesSummary, company: string, day: Day): boolean =>
  !companies.has(company) || (dayNumber(day) + company.charCodeAt(0)) % namesKept === 0

/**
 * Adds a day to the record. It must be the day after `through`, or the first day of all.
 *
 * @param people of each company, for each of `windows`
 * @param names of the companies whose names were read for that day
 */
export function withDayOfCompanies(
  { companies }: CompaniesSummary,
  day: Day,
  ofDay: CompaniesOfDay,
  people: ReadonlyMap<string, readonly number[]>,
  names: ReadonlyMap<string, { readonly name?: string; readonly domain?: string }>,
): CompaniesSummary {
  const number = dayNumber(day)
  for (const [company, { uses }] of ofDay) {
    const counts = noCalls()
    for (const [use, count] of uses) {
      const [, what = '', outcome = ''] = use.split(' ')
      countOutcome(counts, what, outcome, count)
    }
    const known = companies.get(company) ?? { first: number, last: number, people: [], days: new Map() }
    const summary = { ...known, ...names.get(company) }
    companies.set(company, summary)
    summary.last = number
    if (counts.calls > 0) summary.days.set(number, counts)
  }
  for (const [company, summary] of companies) {
    summary.people = people.get(company) ?? [0, 0, 0]
    forgetBefore(summary.days, number - longestWindow + 1)
  }
  return { through: day, companies }
}
