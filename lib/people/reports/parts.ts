import { BoundedMap } from '../../base/bounded-map.ts'
import { defined } from '../../base/defined.ts'
import type { Store } from '../../store/store.ts'
import { versionsOf } from '../usage/client-versions.ts'
import type { CompanyName } from '../usage/compose-day.ts'
import { noId } from '../usage/event-key.ts'
import { clientNameKey, companyNameOf, textOf } from '../usage/names.ts'
import type { OutcomeCounts } from '../usage/outcome-counts.ts'
import type { Period } from '../usage/period.ts'
import type { PseudonymSource } from '../usage/pseudonyms.ts'
import { type Day, dayAfter, dayOf, daysBetween } from '../usage/time.ts'
import type { User } from '../users.ts'
import type { Recent, RecentOptions } from './recent.ts'
import type { ClientName, Range } from './reports.ts'

/** What reports read from. */
export interface ReportParts extends RecentOptions {
  readonly store: Store
  readonly pseudonyms: Pick<PseudonymSource, 'existing'>
  readonly recent: (signal: AbortSignal) => Promise<Recent>
  /** The totals of a range. All parts of a page share one reading. */
  readonly period: (range: Range, signal: AbortSignal) => Promise<PeriodOfRange>
  /** Every company with an event. All parts of a page share one reading. */
  readonly companies: (range: Range, signal: AbortSignal) => Promise<readonly CompanyEntry[]>
  /** The names of the tools that the server offers, in their order. */
  readonly tools: readonly string[]
  /** Reads who a person is. */
  readonly readUser: (sub: string, signal: AbortSignal) => Promise<User | null>
}

/** The totals of a range. */
export interface PeriodOfRange {
  readonly period: Period
  /** Different people and companies of the range until the day `through`. */
  readonly people: number
  readonly companies: number
  readonly through: Day
}

/** A company in a range. There are ten thousand of them, so that it has numbers of days and not their texts. */
export interface CompanyEntry {
  readonly id: string
  readonly name?: string | undefined
  readonly domain?: string | undefined
  readonly counts: Readonly<OutcomeCounts>
  readonly people: number
  readonly first: number
  readonly last: number
}

/** Reads of the store side by side. */
export const atOnce = 32

/** The id of a company. A text of another form, which an admin may ask for, is no part of a key. */
export const pseudonymForm = /^[\w-]{20}$/

export const today = ({ now }: Pick<ReportParts, 'now'>): Day => dayOf(now())
export const firstDayOf = (parts: Pick<ReportParts, 'now'>, { days }: Range): Day => dayAfter(today(parts), 1 - days)
export const daysOf = (parts: Pick<ReportParts, 'now'>, range: Range): readonly Day[] =>
  daysBetween(firstDayOf(parts, range), today(parts))

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
        const versions = versionsOf(value?.versions)
        const said = versions.length === 0 ? undefined : versions
        const machine = value?.machine === true ? (true as const) : undefined
        return defined({ id, name: textOf(value?.name), host: textOf(value?.host), machine, versions: said })
      }),
    company: (id, signal) => once(companies, id, async () => (id === noId ? {} : companyNameOf(store, id, signal))),
  }
}
