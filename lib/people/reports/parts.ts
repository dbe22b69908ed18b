import * as v from 'valibot'
import { BoundedMap } from '../../base/bounded-map.ts'
import { defined } from '../../base/defined.ts'
import { inParallel } from '../../base/in-parallel.ts'
import type { Store, StoreValue } from '../../store/store.ts'
import { type Cells, cellsValue, readCells } from '../usage/cells.ts'
import { addCompanies, type CompaniesOfDay } from '../usage/companies-of-day.ts'
import { anonymousCallsIn, type CompanyName, isCaller } from '../usage/compose-day.ts'
import { noId } from '../usage/event-key.ts'
import { clientNameKey, companyNameOf, textOf } from '../usage/names.ts'
import { isCall } from '../usage/outcome-counts.ts'
import type { PseudonymSource } from '../usage/pseudonyms.ts'
import { dayKey } from '../usage/shards.ts'
import type { Tally } from '../usage/slices.ts'
import { type Day, dayAfter, dayOf, daysBetween } from '../usage/time.ts'
import type { User } from '../users.ts'
import type { Recent, RecentOptions } from './recent.ts'
import type { ClientName, Range } from './reports.ts'

/** What reports read from. */
export interface ReportParts extends RecentOptions {
  readonly store: Store
  readonly pseudonyms: Pick<PseudonymSource, 'existing'>
  readonly recent: (signal: AbortSignal) => Promise<Recent>
  /** The totals of the days of a range that have any, the oldest first. All parts of a page share one reading. */
  readonly totals: (range: Range, signal: AbortSignal) => Promise<readonly DayTotals[]>
  /** The record of what is known about the companies of a shard. All parts of a page share one reading. */
  readonly companySummaries: (shard: string, signal: AbortSignal) => Promise<StoreValue | null>
  /** The names of the tools that the server offers, in their order. */
  readonly tools: readonly string[]
  /** Reads who a person is. */
  readonly readUser: (sub: string, signal: AbortSignal) => Promise<User | null>
}

/** Reads of the store side by side. */
export const atOnce = 32

/** The numbers of a day that pages add up. */
export interface DayTotals {
  readonly day: Day
  readonly cells: Cells
  readonly people: number
  readonly companies: number
  readonly anonymousCalls: number
  /** Different people and companies of the windows that end with this day. Only composed days have them. */
  readonly activePeople?: readonly number[]
  readonly activeCompanies?: readonly number[]
}

const totalsValue = v.object({
  cells: cellsValue,
  people: v.number(),
  companies: v.number(),
  anonymousCalls: v.number(),
  activePeople: v.array(v.number()),
  activeCompanies: v.array(v.number()),
})

/** The id of a company. A text of another form, which an admin may ask for, is no part of a key. */
export const pseudonymForm = /^[\w-]{20}$/

export const today = ({ now }: Pick<ReportParts, 'now'>): Day => dayOf(now())
export const firstDayOf = (parts: Pick<ReportParts, 'now'>, { days }: Range): Day => dayAfter(today(parts), 1 - days)
export const daysOf = (parts: Pick<ReportParts, 'now'>, range: Range): readonly Day[] =>
  daysBetween(firstDayOf(parts, range), today(parts))

/** Makes the reader of totals, which reads each range once. Throws `StoreUnavailable`. */
export function createTotals(parts: Pick<ReportParts, 'store' | 'recent' | 'now'>): ReportParts['totals'] {
  const readings = new Map<number, Promise<readonly DayTotals[]>>()
  return (range, signal) => {
    const reading = readings.get(range.days) ?? readRange(parts, range, signal)
    readings.set(range.days, reading)
    return reading
  }
}

async function readRange(
  parts: Pick<ReportParts, 'store' | 'recent' | 'now'>,
  range: Range,
  signal: AbortSignal,
): Promise<readonly DayTotals[]> {
  const recent = await parts.recent(signal)
  const days = daysOf(parts, range)
  const found = await inParallel(days, atOnce, async (day): Promise<DayTotals | null> => {
    const tally = recent.days.get(day)
    if (tally) return totalsOfTally(day, tally)
    return readTotals(parts.store, day, signal)
  })
  return found.filter((totals) => totals !== null)
}

export async function readTotals(store: Store, day: Day, signal: AbortSignal): Promise<DayTotals | null> {
  const stored = await store.get(dayKey(day), signal)
  if (!stored) return null
  const { cells, ...totals } = v.parse(totalsValue, stored.value)
  return { day, cells: readCells(cells), ...totals }
}

function totalsOfTally(day: Day, { cells, people }: Tally): DayTotals {
  const companies: CompaniesOfDay = new Map()
  addCompanies(companies, people)
  return {
    day,
    cells,
    people: [...people.people()].filter((person) => isCaller(people, person)).length,
    companies: [...companies].filter(
      ([company, { uses }]) => company !== noId && [...uses.keys()].some((use) => isCall(use.split(' ')[1] ?? '')),
    ).length,
    anonymousCalls: anonymousCallsIn([people]),
  }
}

/** Reads names of ids, each once for some time. */
export interface NameReader {
  client(id: string, signal: AbortSignal): Promise<ClientName>
  company(id: string, signal: AbortSignal): Promise<CompanyName>
}

const mostNames = 5_000

export function createNameReader(store: Store): NameReader {
  const clients = new BoundedMap<string, ClientName>(mostNames)
  const companies = new BoundedMap<string, CompanyName>(mostNames)

  async function once<Value extends object>(
    known: BoundedMap<string, Value>,
    id: string,
    read: () => Promise<Value>,
  ): Promise<Value> {
    const found = known.get(id)
    if (found) return found
    const value = await read()
    known.set(id, value)
    return value
  }

  return {
    client: (id, signal) =>
      once(clients, id, async () => {
        if (id === noId) return { id }
        const value = (await store.get(clientNameKey(id), signal))?.value
        return defined({ id, name: textOf(value?.name), host: textOf(value?.host) })
      }),
    company: (id, signal) => once(companies, id, async () => (id === noId ? {} : companyNameOf(store, id, signal))),
  }
}
