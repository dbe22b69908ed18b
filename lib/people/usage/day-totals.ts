import * as v from 'valibot'
import type { Store, StoreValue } from '../../store/store.ts'
import { type Cells, cellParts, cellsValue, readCells, toCellsValue } from './cells.ts'
import { addCompanies, type CompaniesOfDay } from './companies-of-day.ts'
import { isPerson, machines, noId } from './event-key.ts'
import { isCall } from './outcome-counts.ts'
import { type PeopleTable, partsOf } from './people-table.ts'
import { type Period, periodOfDay } from './period.ts'
import { dayKey, type Window, windows } from './shards.ts'
import type { Tally } from './slices.ts'
import { type Day, dayNumber } from './time.ts'

/** Different people and companies, for each of the windows. */
export interface Active {
  readonly people: number[]
  /** The people of each company. */
  readonly byCompany: Map<string, number[]>
}

/** How many companies were active, for each of the windows. */
export const activeCompanies = ({ byCompany }: Active): readonly number[] =>
  windows.map((_, index) => [...byCompany].filter(([company, by]) => company !== noId && (by[index] ?? 0) > 0).length)

/** The numbers of a day, without people and companies. */
export interface DayTotals {
  readonly cells: Cells
  /** Different people and companies who called a tool. */
  readonly people: number
  readonly companies: number
  readonly anonymousCalls: number
  /** Calls of programs that act for themselves. */
  readonly machineCalls: number
}

/** Counts what the people of a day did. */
export function dayTotals(cells: Cells, tables: readonly PeopleTable[], companies: CompaniesOfDay): DayTotals {
  let [people, called] = [0, 0]
  const callsOf = (who: string) =>
    tables
      .flatMap((table) => [...table.of(who)])
      .filter(({ combination }) => isCall(partsOf(combination).what))
      .reduce((sum, { count }) => sum + count, 0)
  for (const table of tables) {
    for (const person of table.people()) if (isCaller(table, person)) people += 1
  }
  for (const [company, { uses }] of companies) {
    if (company !== noId && [...uses.keys()].some((use) => isCall(cellParts(use).what))) called += 1
  }
  return { cells, people, companies: called, anonymousCalls: callsOf(noId), machineCalls: callsOf(machines) }
}

/** Whether this is a person who called a tool. */
const isCaller = (table: PeopleTable, person: string): boolean =>
  isPerson(person) && [...table.of(person)].some((use) => isCall(partsOf(use.combination).what))

export function totalsOfTally({ cells, people }: Tally): DayTotals {
  const companies: CompaniesOfDay = new Map()
  addCompanies(companies, people)
  return dayTotals(cells, [people], companies)
}

/** The record of a day. `active…` belongs to the windows that end with the day. */
export const toTotalsValue = ({ cells, ...totals }: DayTotals, active: Active): StoreValue => ({
  cells: toCellsValue(cells),
  ...totals,
  activePeople: active.people,
  activeCompanies: activeCompanies(active),
})

const totalsValue = v.object({
  cells: cellsValue,
  people: v.number(),
  companies: v.number(),
  anonymousCalls: v.number(),
  // A day that an earlier release composed does not say it.
  machineCalls: v.optional(v.number(), 0),
})

const activeValue = v.object({ activePeople: v.array(v.number()), activeCompanies: v.array(v.number()) })

/**
 * Reads how many different people and companies were active in each window that ends with a day. Returns `null` if the day is not
 * composed.
 */
export async function readActive(
  store: Pick<Store, 'get'>,
  { day, window }: { readonly day: Day; readonly window: Window },
  signal: AbortSignal,
): Promise<{ readonly people: number; readonly companies: number } | null> {
  const stored = await store.get(dayKey(day), signal)
  if (!stored) return null
  const parsed = v.safeParse(activeValue, stored.value)
  if (!parsed.success) return null
  const { output: found } = parsed
  const index = windows.indexOf(window)
  return { people: found.activePeople[index] ?? 0, companies: found.activeCompanies[index] ?? 0 }
}

export const periodOf = (day: Day, { cells, ...totals }: DayTotals): Period =>
  periodOfDay(dayNumber(day), cells, totals)

/**
 * Reads the record of a day. Returns `null` if the day is not composed, or if its record was removed or is damaged: neither the
 * rollup nor a page may fail because of one record. Throws `StoreUnavailable`.
 */
export async function readPeriodOfDay(
  store: Pick<Store, 'get'>,
  day: Day,
  signal: AbortSignal,
): Promise<Period | null> {
  const stored = await store.get(dayKey(day), signal)
  if (!stored) return null
  const parsed = v.safeParse(totalsValue, stored.value)
  if (!parsed.success) return null
  const { cells, ...totals } = parsed.output
  return periodOf(day, { cells: readCells(cells), ...totals })
}
