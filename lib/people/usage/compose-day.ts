import { inParallel } from '../../base/in-parallel.ts'
import type { Store, StoreValue } from '../../store/store.ts'
import { addAllCells, type Cells } from './cells.ts'
import { addCompanies, type CompaniesOfDay, type CompanyDay, toCompaniesValue } from './companies-of-day.ts'
import { needsNames, readCompaniesSummary, toCompaniesSummaryValue, withDayOfCompanies } from './companies-summary.ts'
import { toCompanyRowsValue } from './company-rows.ts'
import { type Active, dayTotals, periodOf, toTotalsValue } from './day-totals.ts'
import { forgotten, noId } from './event-key.ts'
import { type PeopleSummary, readPeopleSummary, toPeopleSummaryValue, withDay } from './people-summary.ts'
import { createPeopleTable, type PeopleTable, readUses } from './people-table.ts'
import * as shards from './shards.ts'
import { cellsOfSlice, sliceKey } from './slices.ts'
import { type Day, dayNumber, slicesIn } from './time.ts'
import { getExisting, listAll, update } from './update.ts'
import { updatePeriods } from './update-periods.ts'

export interface CompositionOptions {
  readonly store: Store
  /** The day to compose. The day before it must be composed already, unless this is the first day of all. */
  readonly day: Day
  /** Whether a person is being forgotten. */
  readonly isForgotten: (person: string) => boolean
  /** Reads the names of a company by its pseudonym. */
  readonly nameOf: (company: string, signal: AbortSignal) => Promise<CompanyName>
}

export interface CompanyName {
  readonly name?: string
  readonly domain?: string
}

const atOnce = 16
/** How many slices are read at once. A slice of a busy day has a megabyte, and parsing it blocks the process for a while. */
const slicesAtOnce = 4
/** How many shards of companies are read at once. Each holds the days of many companies. */
const shardsAtOnce = 4

/**
 * Composes the records of a day from its slices, all of which must exist: what each person and each company did, then what is
 * known about them until now, and last the totals. If a run was interrupted, the next one keeps what it has written and
 * continues, and nothing is counted twice. Throws `StoreUnavailable`.
 */
export async function composeDay(options: CompositionOptions, signal: AbortSignal): Promise<void> {
  const { store, day, isForgotten, nameOf } = options
  const { cells, people } = await readSlices(store, day, isForgotten, signal)
  const companies: CompaniesOfDay = new Map()
  const uses = new Map<string, string>()
  for (const table of people.values()) addCompanies(companies, table, uses)

  const companiesByShard = Map.groupBy(companies, ([company]) => shards.companyShard(company))
  const [writtenPeople, writtenCompanies] = await Promise.all([
    listAll(store, shards.dayPeopleKey(day, ''), signal),
    listAll(store, shards.dayCompaniesKey(day, ''), signal),
  ])
  // An interrupted run of an earlier release may have written some of 256 records.
  const events = writtenPeople.some(shards.isOfMany) ? Number.POSITIVE_INFINITY : eventsIn(cells)
  await createMissing(store, [...writtenPeople, ...writtenCompanies], [
    ...[...tablesOfDay(people, events)].map(([shard, tables]): Missing => [
      shards.dayPeopleKey(day, shard),
      () => ({ ...joined(tables).toValue() }),
    ]),
    ...[...companiesByShard].map(([shard, entries]): Missing => [
      shards.dayCompaniesKey(day, shard),
      () => toCompaniesValue(entries),
    ]),
  ], signal) // biome-ignore format: the list is one argument
  const active = await updatePeople(store, day, people, signal)
  await updateCompanies({ store, day, companies: companiesByShard, active, nameOf }, signal)
  const totals = dayTotals(cells, [...people.values()], companies)
  await updatePeriods(store, { day, period: periodOf(day, totals), active }, signal)
  await store.create(shards.dayKey(day), toTotalsValue(totals, active), signal)
}

/** Reads the slices of a day, some at a time, and adds them up. */
async function readSlices(store: Store, day: Day, isForgotten: (person: string) => boolean, signal: AbortSignal) {
  const cells: Cells = new Map()
  const people = new Map<string, PeopleTable>()
  await inParallel(slicesIn(day), slicesAtOnce, async (slice) => {
    const value = await getExisting(store, sliceKey(slice), signal)
    addAllCells(cells, cellsOfSlice(value))
    readUses(value, (person, combination, count, last) => {
      const name = isForgotten(person) ? forgotten : person
      const shard = shards.personShard(name)
      const table = people.get(shard) ?? createPeopleTable()
      people.set(shard, table)
      table.add(name, combination, count, last)
    })
  })
  return { cells, people }
}

/** Groups the tables of people by the record of the day that they belong to. */
export function tablesOfDay(people: ReadonlyMap<string, PeopleTable>, events: number) {
  const byShard = new Map<string, PeopleTable[]>()
  for (const [shard, table] of people) {
    const ofDay = shards.dayShard(shard, events)
    byShard.set(ofDay, [...(byShard.get(ofDay) ?? []), table])
  }
  return byShard
}

export const eventsIn = (cells: Cells): number => [...cells.values()].reduce((sum, { count }) => sum + count, 0)

export function joined(tables: readonly PeopleTable[]): PeopleTable {
  const [only, ...others] = tables
  if (only && others.length === 0) return only
  const all = createPeopleTable()
  for (const table of tables) all.addAll(table)
  return all
}

type Missing = readonly [key: string, value: () => StoreValue]

async function createMissing(
  store: Store,
  written: readonly string[],
  records: readonly Missing[],
  signal: AbortSignal,
): Promise<void> {
  const known = new Set(written)
  const missing = records.filter(([key]) => !known.has(key))
  await inParallel(missing, atOnce, ([key, value]) => store.create(key, value(), signal))
}

/** Counts the day into what is known about each person, and returns how many were active. */
async function updatePeople(
  store: Store,
  day: Day,
  people: ReadonlyMap<string, PeopleTable>,
  signal: AbortSignal,
): Promise<Active> {
  const active: Active = { people: shards.windows.map(() => 0), byCompany: new Map() }
  const starts = shards.windowStarts(dayNumber(day))
  await inParallel(shards.peopleShards, atOnce, async (shard) => {
    const table = people.get(shard)
    let summary = readPeopleSummary(undefined)
    await update(
      store,
      shards.peopleKey(shard),
      (value) => {
        summary = readPeopleSummary(value ?? undefined)
        if (table === undefined || summary.through >= day) return null
        summary = withDay(summary, day, table)
        return toPeopleSummaryValue(summary)
      },
      signal,
    )
    countActive(active, summary, starts)
  })
  return active
}

export function countActive(active: Active, { people }: PeopleSummary, starts: readonly number[]): void {
  for (const { company, days } of people.values()) {
    const latest = Math.max(...days.keys())
    for (const [index, start] of starts.entries()) {
      if (latest < start) continue
      active.people[index] = (active.people[index] ?? 0) + 1
      const ofCompany = active.byCompany.get(company) ?? starts.map(() => 0)
      active.byCompany.set(company, ofCompany)
      ofCompany[index] = (ofCompany[index] ?? 0) + 1
    }
  }
}

async function updateCompanies(
  options: {
    readonly store: Store
    readonly day: Day
    readonly companies: ReadonlyMap<string, readonly (readonly [string, CompanyDay])[]>
    readonly active: Active
    readonly nameOf: CompositionOptions['nameOf']
  },
  signal: AbortSignal,
): Promise<void> {
  const { store, day, companies, active, nameOf } = options
  await inParallel(shards.companyShards, shardsAtOnce, async (shard) => {
    const ofDay = new Map(companies.get(shard) ?? [])
    await update(
      store,
      shards.companiesKey(shard),
      async (value) => {
        const known = value ? readCompaniesSummary(value) : { through: '', companies: new Map() }
        if (known.through >= day) return null
        const unnamed = [...ofDay.keys()].filter((company) => company !== noId && needsNames(known, company, day))
        const names = new Map(
          await inParallel(unnamed, atOnce, async (company) => [company, await nameOf(company, signal)] as const),
        )
        const summary = withDayOfCompanies(known, day, ofDay, active.byCompany, names)
        // This record is written first, so that it includes the day as soon as the summary does.
        await update(
          store,
          shards.companyRowsKey(shard),
          (rows) => (typeof rows?.through === 'string' && rows.through >= day ? null : toCompanyRowsValue(summary)),
          signal,
        )
        return toCompaniesSummaryValue(summary)
      },
      signal,
    )
  })
}
