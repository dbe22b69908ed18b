import * as v from 'valibot'
import type { StoreValue } from '../../store/store.ts'
import type { CompaniesSummary, CompanySummary, CompanyTotals } from './companies-summary.ts'
import type { DayCounts } from './day-counts.ts'
import { addCounts, noCalls, type OutcomeCounts } from './outcome-counts.ts'
import { windows } from './shards.ts'
import { type Day, dayNumber } from './time.ts'

/**
 * What pages show about the companies of a shard: the calls of each window, without the calls of each day. Ten thousand companies
 * have half a million days, which is too much for a page to read. The record with the days is written at the same time and holds
 * the same facts. A column is one text with a word for each company, because such a text is quick to read.
 */
const rowsValue = v.object({
  through: v.string(),
  companies: v.string(),
  /** Numbers of days. */
  first: v.string(),
  last: v.string(),
  /** One column for each window. */
  people: v.array(v.string()),
  /** One column for each of `lengths`. */
  counts: v.array(v.string()),
  /** Empty for a company without one. */
  names: v.array(v.string()),
  domains: v.array(v.string()),
})

/** A page may be requested before the day that has just ended is counted. So each window also exists without its first day. */
const lengths = [...windows, ...windows.map((days) => days - 1)]

export function toCompanyRowsValue({ through, companies }: CompaniesSummary): StoreValue {
  const starts = lengths.map((days) => dayNumber(through) - days + 1)
  const rows = [...companies]
  const sums = rows.map(([, { days }]) => sumsSince(days, starts))
  const column = (word: (company: CompanySummary) => number) => rows.map(([, company]) => word(company)).join(' ')
  return {
    through,
    companies: rows.map(([company]) => company).join(' '),
    first: column(({ first }) => first),
    last: column(({ last }) => last),
    people: windows.map((_, index) => column(({ people }) => people[index] ?? 0)),
    counts: lengths.map((_, index) => sums.map((ofCompany) => toText(ofCompany[index] ?? noCalls())).join(' ')),
    names: rows.map(([, { name = '' }]) => name),
    domains: rows.map(([, { domain = '' }]) => domain),
  }
}

function sumsSince(days: DayCounts, starts: readonly number[]): readonly OutcomeCounts[] {
  const sums = starts.map(noCalls)
  for (const [day, counts] of days) {
    for (const [index, start] of starts.entries()) {
      const sum = sums[index]
      if (sum && day >= start) addCounts(sum, counts)
    }
  }
  return sums
}

/** `<calls>.<failed>.<refused>.<cancelled>` without the zeros at its end. */
const toText = ({ calls, failed, refused, cancelled }: OutcomeCounts) =>
  [calls, failed, refused, cancelled].join('.').replace(/(?:\.0)+$/, '')

function fromText(text: string): OutcomeCounts {
  const [calls = 0, failed = 0, refused = 0, cancelled = 0] = text.split('.').map(Number)
  return { calls, failed, refused, cancelled }
}

const wordsOf = (column: string | undefined) => (column ? column.split(' ') : [])

/**
 * Reads a record. Returns `null` if it is damaged, or has no window that begins at `since`. The caller then reads the record with
 * the days.
 *
 * @param since the number of the first day of a range that ends with the day after `yesterday`
 */
export function readCompanyRows(
  value: StoreValue,
  { since, yesterday }: { readonly since: number; readonly yesterday: number },
): { readonly through: Day; readonly companies: ReadonlyMap<string, CompanyTotals> } | null {
  const parsed = v.safeParse(rowsValue, value)
  if (!parsed.success) return null
  const { through, names, domains, ...columns } = parsed.output
  const window = lengths.indexOf(dayNumber(through) - since + 1)
  const isToday = since > yesterday
  if (!isToday && window === -1) return null
  const counts = wordsOf(isToday ? '' : columns.counts[window])
  const [first, last] = [wordsOf(columns.first), wordsOf(columns.last)]
  const people = columns.people.map(wordsOf)
  const companies = new Map<string, CompanyTotals>()
  for (const [index, company] of wordsOf(columns.companies).entries()) {
    companies.set(company, {
      name: names[index] || undefined,
      domain: domains[index] || undefined,
      first: Number(first[index]),
      last: Number(last[index]),
      people: people.map((ofWindow) => Number(ofWindow[index])),
      counts: fromText(counts[index] ?? '0'),
    })
  }
  return { through, companies }
}
