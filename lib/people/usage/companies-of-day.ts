import * as v from 'valibot'
import type { StoreValue } from '../../store/store.ts'
import { isPerson } from './event-key.ts'
import { isCall } from './outcome-counts.ts'
import { type PeopleTable, partsOf } from './people-table.ts'

/** What the people of a company did on one day. */
export interface CompanyDay {
  /** Different people who called a tool. */
  people: number
  /** By `<client> <what> <outcome>`. */
  readonly uses: Map<string, number>
}

export type CompaniesOfDay = Map<string, CompanyDay>

/**
 * Adds the people of a table. No other table may have any of these people.
 *
 * @param uses the texts of uses so far, so that thousands of companies share one copy of each text
 */
export function addCompanies(companies: CompaniesOfDay, table: PeopleTable, uses = new Map<string, string>()): void {
  const known = new Map<string, { readonly day: CompanyDay; readonly use: string; readonly isCall: boolean }>()
  function read(combination: string) {
    const { company, what } = partsOf(combination)
    const day = companies.get(company) ?? { people: 0, uses: new Map() }
    companies.set(company, day)
    const text = combination.slice(combination.indexOf(' ') + 1)
    const use = uses.get(text) ?? text
    uses.set(use, use)
    const found = { day, use, isCall: isCall(what) }
    known.set(combination, found)
    return found
  }
  for (const person of table.people()) {
    const calledAt = new Set<CompanyDay>()
    for (const { combination, count } of table.of(person)) {
      const { day, use, isCall } = known.get(combination) ?? read(combination)
      day.uses.set(use, (day.uses.get(use) ?? 0) + count)
      if (isCall) calledAt.add(day)
    }
    if (!isPerson(person)) continue
    for (const day of calledAt) day.people += 1
  }
}

const companiesValue = v.object({ uses: v.array(v.string()), companies: v.array(v.string()) })

/** A record: `<company> <people> <index of use> <count> …`. */
export function toCompaniesValue(companies: Iterable<readonly [string, CompanyDay]>): StoreValue {
  const indexes = new Map<string, number>()
  const indexOf = (use: string) => {
    const index = indexes.get(use) ?? indexes.size
    indexes.set(use, index)
    return index
  }
  const lines = [...companies].map(([company, { people, uses }]) =>
    [company, people, ...[...uses].flatMap(([use, count]) => [indexOf(use), count])].join(' '),
  )
  return { uses: [...indexes.keys()], companies: lines }
}

export function readCompanies(value: StoreValue): CompaniesOfDay {
  const { uses, companies } = v.parse(companiesValue, value)
  return new Map(companies.map((line) => readLine(line, uses)))
}

/** Reads one company of a record. */
export function readCompanyOfDay(value: StoreValue, company: string): CompanyDay | undefined {
  const { uses, companies } = v.parse(companiesValue, value)
  const line = companies.find((text) => text.startsWith(`${company} `))
  return line === undefined ? undefined : readLine(line, uses)[1]
}

function readLine(line: string, uses: readonly string[]): [string, CompanyDay] {
  const [company = '', ...rest] = line.split(' ')
  const [people = 0, ...numbers] = rest.map(Number)
  const day: CompanyDay = { people, uses: new Map() }
  for (let at = 0; at < numbers.length; at += 2) {
    day.uses.set(uses[numbers[at] ?? 0] ?? '', numbers[at + 1] ?? 0)
  }
  return [company, day]
}
