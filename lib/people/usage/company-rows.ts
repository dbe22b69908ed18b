import * as v from 'valibot'
import type { StoreValue } from '../../store/store.ts'
import type { CompaniesSummary, CompanyTotals } from './companies-summary.ts'
import type { DayCounts } from './day-counts.ts'
import { addCounts, noCalls, type OutcomeCounts } from './outcome-counts.ts'
import { windows } from './shards.ts'
import { type Day, dayNumber } from './time.ts'

/**
 * What pages show of the companies of a shard: the calls of each window, without those of each day. Ten thousand companies have half a
 * million days, which no page may read. It says the same as the record with the days, and is written with it.
 */
const rowsValue = v.object({
  through: v.string(),
  /** `<company> <first> <last> <people of each window> <calls of each window> <calls of each window without its first day>`. */
  companies: v.array(v.string()),
  /** Empty for a company without one. */
  names: v.array(v.string()),
  domains: v.array(v.string()),
})

/** A page may be asked for before the day that is over is counted. So each window is there a second time, shorter by its first day. */
const lengths = [...windows, ...windows.map((days) => days - 1)]
/** The counts of the shorter window, where they are those of the longer one. */
const same = '='

export function toCompanyRowsValue({ through, companies }: CompaniesSummary): StoreValue {
  const starts = lengths.map((days) => dayNumber(through) - days + 1)
  const rows = [...companies]
  return {
    through,
    companies: rows.map(([company, { first, last, people, days }]) => {
      const sums = sumsSince(days, starts).map(toText)
      const shorter = sums.slice(windows.length).map((sum, index) => (sum === sums[index] ? same : sum))
      const active = windows.map((_, index) => people[index] ?? 0)
      return [company, first, last, ...active, ...sums.slice(0, windows.length), ...shorter].join(' ')
    }),
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

/**
 * Reads a record. `null`: it is damaged, or does not say what happened from `since` on. The record with the days does.
 *
 * @param since the number of the first day of a range that ends with the day after `yesterday`
 */
export function readCompanyRows(
  value: StoreValue,
  { since, yesterday }: { readonly since: number; readonly yesterday: number },
): { readonly through: Day; readonly companies: Map<string, CompanyTotals> } | null {
  const parsed = v.safeParse(rowsValue, value)
  if (!parsed.success) return null
  const { through, companies, names, domains } = parsed.output
  const days = dayNumber(through) - since + 1
  const isToday = since > yesterday
  const window = lengths.indexOf(days)
  if (!isToday && window === -1) return null
  const read = companies.map((line, index): [string, CompanyTotals] => {
    const [company = '', first, last, ...columns] = line.split(' ')
    const people = columns.slice(0, windows.length).map(Number)
    const texts = columns.slice(windows.length)
    const text = isToday ? '0' : texts[window]
    const counts = fromText((text === same ? texts[window - windows.length] : text) ?? '0')
    const [name, domain] = [names[index] || undefined, domains[index] || undefined]
    const known = { ...(name && { name }), ...(domain && { domain }) }
    return [company, { ...known, first: Number(first), last: Number(last), people, counts }]
  })
  return { through, companies: new Map(read) }
}
