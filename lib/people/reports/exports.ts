import { BoundedMap } from '../../base/bounded-map.ts'
import { defined } from '../../base/defined.ts'
import { inParallel } from '../../base/in-parallel.ts'
import { forgotten, noId } from '../usage/event-key.ts'
import { personNameKey, textOf } from '../usage/names.ts'
import { isCall } from '../usage/outcome-counts.ts'
import { type PeopleSummary, readPeopleSummary } from '../usage/people-summary.ts'
import { type PeopleTable, partsOf, readPeopleTable } from '../usage/people-table.ts'
import type { Pseudonyms } from '../usage/pseudonyms.ts'
import { dayPeopleKey, peopleKey, peopleShards, personShard } from '../usage/shards.ts'
import type { Day } from '../usage/time.ts'
import { companyRows } from './companies.ts'
import { atOnce, daysOf, type NameReader, type ReportParts } from './parts.ts'
import { personRow } from './people.ts'
import type { CompanyRow, PersonRow, Range, UsageRow } from './reports.ts'

/** Names the people of exports. The same person has the same name in every export, and another one elsewhere. */
const receiver = 'export'

export async function* exportUsage(
  parts: ReportParts,
  names: NameReader,
  range: Range,
  signal: AbortSignal,
): AsyncGenerator<UsageRow> {
  const pseudonyms = await parts.pseudonyms.existing(signal)
  if (!pseudonyms) return
  const recent = await parts.recent(signal)
  for (const day of daysOf(parts, range)) {
    const tally = recent.days.get(day)
    if (tally) {
      yield* rowsOf({ day, table: tally.people, names, pseudonyms }, signal)
      continue
    }
    // Some shards at a time: a day of a million events does not fit.
    for (let first = 0; first < peopleShards.length; first += atOnce) {
      const shards = peopleShards.slice(first, first + atOnce)
      const records = await inParallel(shards, atOnce, (shard) => parts.store.get(dayPeopleKey(day, shard), signal))
      for (const record of records) {
        if (record) yield* rowsOf({ day, table: readPeopleTable(record.value), names, pseudonyms }, signal)
      }
    }
  }
}

interface Rows {
  readonly day: Day
  readonly table: PeopleTable
  readonly names: NameReader
  readonly pseudonyms: Pseudonyms
}

async function* rowsOf({ day, table, names, pseudonyms }: Rows, signal: AbortSignal): AsyncGenerator<UsageRow> {
  for (const person of table.people()) {
    const name = person === noId || person === forgotten ? undefined : pseudonyms.forReceiver(receiver, person)
    for (const { combination, count } of table.of(person)) {
      const { company, client, what, outcome } = partsOf(combination)
      const [ofCompany, ofClient] = await Promise.all([names.company(company, signal), names.client(client, signal)])
      yield defined({
        day,
        person: name,
        company: company === noId ? undefined : (ofCompany.name ?? ofCompany.domain ?? company),
        client: ofClient.name ?? ofClient.host ?? client,
        what: isCall(what) ? ('call' as const) : ('step' as const),
        name: what.slice(5),
        outcome,
        count,
      })
    }
  }
}

/** The longest range, so that counts of an export are those of the last 90 days. */
const longest: Range = { days: 90 }

/** Goes through the people by their pseudonyms: so the people of one shard come together. */
export async function* exportPeople(
  parts: ReportParts,
  names: NameReader,
  signal: AbortSignal,
): AsyncGenerator<PersonRow> {
  const { store } = parts
  const pseudonyms = await parts.pseudonyms.existing(signal)
  if (!pseudonyms) return
  const shards = new BoundedMap<string, Promise<PeopleSummary | null>>(8)
  const summaryOf = async (person: string) => {
    const shard = personShard(person)
    const known =
      shards.get(shard) ??
      store.get(peopleKey(shard), signal).then((stored) => (stored ? readPeopleSummary(stored.value) : null))
    shards.set(shard, known)
    return (await known)?.people.get(person)
  }
  const prefix = personNameKey('')
  let cursor: string | undefined
  do {
    const page = await store.list(prefix, signal, cursor)
    for (let first = 0; first < page.keys.length; first += atOnce) {
      const rows = await inParallel(page.keys.slice(first, first + atOnce), atOnce, async (key) => {
        const sub = textOf((await store.get(key, signal))?.value.sub)
        if (sub === undefined) return null
        const summary = await summaryOf(key.slice(prefix.length))
        return personRow({ parts, names, pseudonyms, range: longest }, { sub, summary }, signal)
      })
      yield* rows.filter((row) => row !== null)
    }
    cursor = page.next
  } while (cursor !== undefined)
}

export async function* exportCompanies(
  parts: ReportParts,
  names: NameReader,
  range: Range,
  signal: AbortSignal,
): AsyncGenerator<CompanyRow> {
  const rows = (await companyRows(parts, range, signal)).toSorted((a, b) => b.calls - a.calls)
  for (let first = 0; first < rows.length; first += atOnce) {
    yield* await inParallel(rows.slice(first, first + atOnce), atOnce, async (row) => ({
      ...row,
      ...(await names.company(row.id, signal)),
    }))
  }
}
