import { BoundedMap } from '../../base/bounded-map.ts'
import { defined } from '../../base/defined.ts'
import { inParallel } from '../../base/in-parallel.ts'
import type { CompanyName } from '../usage/compose-day.ts'
import { isPerson, machines, noId } from '../usage/event-key.ts'
import { personNameKey } from '../usage/names.ts'
import { isCall } from '../usage/outcome-counts.ts'
import { type KnownPerson, readKnownPeople } from '../usage/people-summary.ts'
import { linesOfTable, type PersonLines, partsOf, readPersonLines } from '../usage/people-table.ts'
import type { Pseudonyms } from '../usage/pseudonyms.ts'
import { companyShards, dayPeopleKey, peopleKey, personShard, shardOfKey } from '../usage/shards.ts'
import type { Day } from '../usage/time.ts'
import { listAll } from '../usage/update.ts'
import { rowOf } from './company-entries.ts'
import { atOnce, daysOf, type NameReader, type ReportParts } from './parts.ts'
import { personRow } from './people.ts'
import type { CompanyRow, ExportPart, PeoplePart, PersonRow, Range, UsageRow } from './reports.ts'

/** Records of days that are read side by side. One has the people of a sixteenth, and the text of all of them is in memory at once. */
const recordsAtOnce = 8

/** Names the people of exports. The same person has the same name in every export, and another one elsewhere. */
const receiver = 'export'

/** The longest range, so that counts of an export are those of the last 90 days. */
const longest: Range = { days: 90 }

/** The first digits of the shards of a part. */
const digitsOf = (part: ExportPart | undefined) =>
  part === undefined ? companyShards : companyShards.filter((_, index) => index === part)

/** Makes a reader of the names of companies, which has most of them from the 16 records that say them all. */
async function companyNames(
  { companies }: ReportParts,
  names: NameReader,
  signal: AbortSignal,
): Promise<(id: string) => Promise<CompanyName>> {
  const known = new Map<string, CompanyName>()
  for (const { id, name, domain } of await companies(longest, signal)) {
    if (name !== undefined || domain !== undefined) known.set(id, defined({ name, domain }))
  }
  return async (id) => {
    const found = known.get(id)
    if (found) return found
    const name = await names.company(id, signal)
    known.set(id, name)
    return name
  }
}

/**
 * Goes through the people and not through the days: what a person did on all days comes together, so that the name of a person is made
 * once and a file is quickly compressed. It holds the records of one shard at a time, and reads the next ones meanwhile.
 */
export async function* exportUsage(
  parts: ReportParts,
  names: NameReader,
  { range, part }: { readonly range: Range; readonly part: ExportPart | undefined },
  signal: AbortSignal,
): AsyncGenerator<UsageRow> {
  const pseudonyms = await parts.pseudonyms.existing(signal)
  if (!pseudonyms) return
  const [recent, nameOfCompany] = await Promise.all([parts.recent(signal), companyNames(parts, names, signal)])
  const labels = createLabels(nameOfCompany, names, signal)
  const days = daysOf(parts, range)
  const composed = days.filter((day) => !recent.days.has(day))
  const listed = await inParallel(composed, atOnce, (day) => listAll(parts.store, dayPeopleKey(day, ''), signal))
  const records = listed.flatMap((keys, index) => keys.map((key) => ({ key, day: composed[index] ?? '' })))

  const read = (wanted: readonly Written[]) =>
    inParallel(wanted, recordsAtOnce, async ({ key, day }): Promise<DayOfPeople[]> => {
      const stored = await parts.store.get(key, signal)
      return stored ? [{ day, uses: readPersonLines(stored.value) }] : []
    }).then((found) => found.flat())
  const open = days.flatMap((day): DayOfPeople[] => {
    const tally = recent.days.get(day)
    return tally ? [{ day, uses: linesOfTable(tally.people) }] : []
  })
  for (const digit of digitsOf(part)) {
    const ofDigit = records.filter(({ key }) => shardOfKey(key).startsWith(digit))
    const shards = Map.groupBy(ofDigit, ({ key }) => shardOfKey(key))
    // Days of few events have one record for the digit. If there are others, its people are gone through shard by shard.
    const few = [...(await read(shards.get(digit) ?? [])), ...open]
    shards.delete(digit)
    const several = shards.size > 0
    for (const shard of several ? companyShards.map((second) => digit + second) : [digit]) {
      const ofDays = [...few, ...(await read(shards.get(shard) ?? []))]
      yield* rowsOf({ ofDays, shard, pseudonyms, labels })
    }
  }
}

interface Written {
  readonly key: string
  readonly day: Day
}

interface DayOfPeople {
  readonly day: Day
  readonly uses: PersonLines
}

/** What a row says of a combination, of which many people share each. */
type Label = Pick<UsageRow, 'company' | 'client' | 'what' | 'name' | 'outcome'>

function createLabels(
  nameOfCompany: Awaited<ReturnType<typeof companyNames>>,
  names: NameReader,
  signal: AbortSignal,
): (combination: string) => Label | Promise<Label> {
  const clients = new Map<string, string>()
  const companies = new Map<string, string>()
  async function read(combination: string): Promise<Label> {
    const { company, client } = partsOf(combination)
    if (company !== noId && !companies.has(company)) {
      const { name, domain } = await nameOfCompany(company)
      companies.set(company, name ?? domain ?? company)
    }
    const { name, host } = await names.client(client, signal)
    clients.set(client, name ?? host ?? client)
    return label(combination) ?? read(combination)
  }
  function label(combination: string): Label | undefined {
    const { company, client, what, outcome } = partsOf(combination)
    const [ofCompany, ofClient] = [companies.get(company), clients.get(client)]
    if (ofClient === undefined || (ofCompany === undefined && company !== noId)) return undefined
    const kind = isCall(what) ? 'call' : 'step'
    return {
      ...(ofCompany !== undefined && { company: ofCompany }),
      client: ofClient,
      what: kind,
      name: what.slice(5),
      outcome,
    }
  }
  return (combination) => label(combination) ?? read(combination)
}

async function* rowsOf(options: {
  readonly ofDays: readonly DayOfPeople[]
  /** The beginning of the shards of the people to go through. */
  readonly shard: string
  readonly pseudonyms: Pseudonyms
  readonly labels: ReturnType<typeof createLabels>
}): AsyncGenerator<UsageRow> {
  const { ofDays, shard, pseudonyms, labels } = options
  /** Of each person, the numbers of days and their lines, in turn. */
  const people = new Map<string, (number | string)[]>()
  for (const [index, { uses }] of ofDays.entries()) {
    for (const [person, line] of uses.lines()) {
      if (!personShard(person).startsWith(shard)) continue
      const known = people.get(person)
      if (known) known.push(index, line)
      else people.set(person, [index, line])
    }
  }
  for (const [person, ofPerson] of people) {
    const named = isPerson(person)
      ? { person: pseudonyms.forReceiver(receiver, person) }
      : person === machines && { person: 'machine' }
    for (let at = 0; at < ofPerson.length; at += 2) {
      const found = ofDays[Number(ofPerson[at])]
      for (const { combination, count } of found?.uses.of(String(ofPerson[at + 1])) ?? []) {
        const label = labels(combination)
        yield { day: found?.day ?? '', ...named, ...(label instanceof Promise ? await label : label), count }
      }
    }
    people.delete(person)
  }
}

/** People that are read before their rows are given out. */
const batchSize = 64
/** Shards whose records are kept. People come in the order of their shards. */
const shardsAtOnce = 3

/** Goes through the people by their pseudonyms: so the people of one shard come together. */
export async function* exportPeople(
  parts: ReportParts,
  names: NameReader,
  part: PeoplePart | undefined,
  signal: AbortSignal,
): AsyncGenerator<PersonRow> {
  const { store } = parts
  const pseudonyms = await parts.pseudonyms.existing(signal)
  if (!pseudonyms) return
  const company = await companyNames(parts, names, signal)
  const reading = { parts, names: { ...names, company }, pseudonyms, range: longest }
  const shards = new BoundedMap<string, Promise<(person: string) => KnownPerson>>(shardsAtOnce)
  const shardOf = (shard: string) => {
    const reading = shards.get(shard) ?? store.get(peopleKey(shard), signal).then((stored) => readKnownPeople(stored?.value)) // biome-ignore format: one line
    shards.set(shard, reading)
    return reading
  }
  const collection = personNameKey('')
  async function read(key: string): Promise<PersonRow | null> {
    const named = (await store.get(key, signal))?.value
    if (typeof named?.sub !== 'string') return null
    const person = key.slice(collection.length)
    const known = (await shardOf(personShard(person)))(person)
    return personRow(reading, { sub: named.sub, known, named }, signal)
  }
  for (const prefix of part === undefined ? [''] : beginningsOf(part)) {
    let cursor: string | undefined
    do {
      const page = await store.list(collection + prefix, signal, cursor)
      for (let first = 0; first < page.keys.length; first += batchSize) {
        const rows = await inParallel(page.keys.slice(first, first + batchSize), atOnce, read)
        yield* rows.filter((row) => row !== null)
      }
      cursor = page.next
    } while (cursor !== undefined)
  }
}

/** The 64 characters of base64url, in the order of what they stand for: six bits, with which a pseudonym begins. */
const beginnings = Array.from({ length: 64 }, (_, bits) =>
  Buffer.from([bits << 2])
    .toString('base64url')
    .slice(0, 1),
)

/** The first characters of the pseudonyms of a part. */
const beginningsOf = ({ index, of }: PeoplePart): readonly string[] =>
  beginnings.slice((index * 64) / of, ((index + 1) * 64) / of)

/** Counts the people of each of 64 parts by their keys. */
export const countPeople = ({ store }: Pick<ReportParts, 'store'>, signal: AbortSignal): Promise<readonly number[]> =>
  inParallel(beginnings, atOnce, async (beginning) => (await listAll(store, personNameKey(beginning), signal)).length)

export async function* exportCompanies(
  parts: ReportParts,
  names: NameReader,
  range: Range,
  signal: AbortSignal,
): AsyncGenerator<CompanyRow> {
  const nameOf = await companyNames(parts, names, signal)
  const entries = (await parts.companies(range, signal)).toSorted((a, b) => b.counts.calls - a.counts.calls)
  for (const entry of entries) yield rowOf({ ...entry, ...(entry.id !== noId && (await nameOf(entry.id))) })
}
