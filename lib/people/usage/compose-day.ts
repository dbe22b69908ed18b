import { inParallel } from '../../base/in-parallel.ts'
import type { Store, StoreValue } from '../../store/store.ts'
import { addAllCells, type Cells, cellParts, toCellsValue } from './cells.ts'
import { addCompanies, type CompaniesOfDay, toCompaniesValue } from './companies-of-day.ts'
import { readCompaniesSummary, toCompaniesSummaryValue, withDayOfCompanies } from './companies-summary.ts'
import { forgotten, noId } from './event-key.ts'
import { isCall } from './outcome-counts.ts'
import { type PeopleSummary, readPeopleSummary, toPeopleSummaryValue, withDay } from './people-summary.ts'
import { createPeopleTable, type PeopleTable, partsOf } from './people-table.ts'
import * as shards from './shards.ts'
import { readSlice, sliceKey } from './slices.ts'
import { type Day, dayNumber, slicesIn } from './time.ts'
import { getExisting, listAll, update } from './update.ts'

export interface CompositionOptions {
  readonly store: Store
  /** The day before it must be composed, or must be from before all usage. */
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

/**
 * Composes the records of a day from its slices, all of which must exist: what each person and each company did, then what is known
 * about them until now, and last the totals. Whatever a run that was cut off has written, the next one writes nothing of it again,
 * and nothing is counted twice. Throws `StoreUnavailable`.
 */
export async function composeDay(options: CompositionOptions, signal: AbortSignal): Promise<void> {
  const { store, day, isForgotten, nameOf } = options
  const { cells, people } = await readSlices(store, day, isForgotten, signal)
  const companies: CompaniesOfDay = new Map()
  for (const table of people.values()) addCompanies(companies, table)

  const companiesByShard = Map.groupBy(companies, ([company]) => shards.companyShard(company))
  const written = await Promise.all([
    listAll(store, shards.dayPeopleKey(day, ''), signal),
    listAll(store, shards.dayCompaniesKey(day, ''), signal),
  ])
  await createMissing(store, written.flat(), [
    ...[...people].map(([shard, table]): Missing => [shards.dayPeopleKey(day, shard), () => ({ ...table.toValue() })]),
    ...[...companiesByShard].map(([shard, entries]): Missing => [
      shards.dayCompaniesKey(day, shard),
      () => toCompaniesValue(entries),
    ]),
  ], signal) // biome-ignore format: the list is one argument
  const active = await updatePeople(store, day, people, signal)
  await updateCompanies({ store, day, companies, companiesByShard, active, nameOf }, signal)
  await store.create(shards.dayKey(day), totals(cells, people, companies, active), signal)
}

/** Reads the slices of a day, some at a time, and adds them up. */
async function readSlices(store: Store, day: Day, isForgotten: (person: string) => boolean, signal: AbortSignal) {
  const cells: Cells = new Map()
  const people = new Map<string, PeopleTable>()
  await inParallel(slicesIn(day), atOnce, async (slice) => {
    const tally = readSlice(await getExisting(store, sliceKey(slice), signal))
    addAllCells(cells, tally.cells)
    for (const person of tally.people.people()) {
      const name = isForgotten(person) ? forgotten : person
      const shard = shards.personShard(name)
      const table = people.get(shard) ?? createPeopleTable()
      people.set(shard, table)
      for (const { combination, count, last } of tally.people.of(person)) table.add(name, combination, count, last)
    }
  })
  return { cells, people }
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

/** Different people and companies, for each of the windows. */
export interface Active {
  readonly people: number[]
  /** The people of each company. */
  readonly byCompany: Map<string, number[]>
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
    let summary = nobodyYet
    await update(
      store,
      shards.peopleKey(shard),
      (value) => {
        summary = value ? readPeopleSummary(value) : nobodyYet
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

const nobodyYet: PeopleSummary = { through: '', people: new Map() }

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
    readonly companies: CompaniesOfDay
    readonly companiesByShard: ReadonlyMap<string, readonly (readonly [string, unknown])[]>
    readonly active: Active
    readonly nameOf: CompositionOptions['nameOf']
  },
  signal: AbortSignal,
): Promise<void> {
  const { store, day, companies, companiesByShard, active, nameOf } = options
  for (const shard of shards.companyShards) {
    const key = shards.companiesKey(shard)
    const stored = await store.get(key, signal)
    const known = stored ? readCompaniesSummary(stored.value) : { through: '', companies: new Map() }
    if (known.through >= day) continue
    const ofShard = (companiesByShard.get(shard) ?? []).map(([company]) => company)
    const unnamed = ofShard.filter((company) => company !== noId && !known.companies.has(company))
    const names = new Map(
      await inParallel(unnamed, atOnce, async (company) => [company, await nameOf(company, signal)] as const),
    )
    const ofDay = new Map(ofShard.flatMap((company) => {
      const found = companies.get(company)
      return found ? [[company, found] as const] : []
    })) // biome-ignore format: one expression
    await update(
      store,
      key,
      (value) => {
        const summary = value ? readCompaniesSummary(value) : { through: '', companies: new Map() }
        if (summary.through >= day) return null
        return toCompaniesSummaryValue(withDayOfCompanies(summary, day, ofDay, active.byCompany, names))
      },
      signal,
    )
  }
}

/** The record of a day. `active…` belongs to the windows that end with the day. */
export function totals(
  cells: Cells,
  people: Map<string, PeopleTable>,
  companies: CompaniesOfDay,
  active: Active,
): StoreValue {
  const counts = { people: 0, companies: 0 }
  for (const table of people.values()) {
    for (const person of table.people()) if (isCaller(table, person)) counts.people += 1
  }
  for (const [company, { uses }] of companies) {
    if (company !== noId && [...uses.keys()].some((use) => isCall(cellParts(use).what))) counts.companies += 1
  }
  return {
    cells: toCellsValue(cells),
    ...counts,
    anonymousCalls: anonymousCallsIn([...people.values()]),
    activePeople: active.people,
    activeCompanies: shards.windows.map(
      (_, index) => [...active.byCompany].filter(([company, by]) => company !== noId && (by[index] ?? 0) > 0).length,
    ),
  }
}

/** Whether this is a person who called a tool. */
export const isCaller = (table: PeopleTable, person: string): boolean =>
  person !== noId && person !== forgotten && [...table.of(person)].some((use) => isCall(partsOf(use.combination).what))

export const anonymousCallsIn = (tables: readonly PeopleTable[]): number =>
  tables
    .flatMap((table) => [...table.of(noId)])
    .reduce((sum, { combination, count }) => (isCall(partsOf(combination).what) ? sum + count : sum), 0)
