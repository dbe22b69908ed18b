import { defined } from '../../base/defined.ts'
import { inParallel } from '../../base/in-parallel.ts'
import { isObject } from '../../base/json.ts'
import { secondsOf } from '../../base/times.ts'
import type { StoreValue } from '../../store/store.ts'
import { countsSince, type DayCounts } from '../usage/day-counts.ts'
import { addressPersonKey, companyPersonKey, newPeople, personNameKey, textOf } from '../usage/names.ts'
import { addCounts, noCalls } from '../usage/outcome-counts.ts'
import { dayOfPerson, type KnownPerson, readPersonSummary } from '../usage/people-summary.ts'
import { type Use, usesOfPerson } from '../usage/people-table.ts'
import type { Pseudonyms } from '../usage/pseudonyms.ts'
import { dayPersonKeys, peopleKey, personShard } from '../usage/shards.ts'
import { dayNumber } from '../usage/time.ts'
import { listAll } from '../usage/update.ts'
import { dayRows } from './companies.ts'
import { pageOfKeys } from './paging.ts'
import { atOnce, daysOf, firstDayOf, type NameReader, pseudonymForm, type ReportParts } from './parts.ts'
import type { Page, PeopleQuery, PersonReport, PersonRow, Range } from './reports.ts'
import { addUses, type Uses, useRows } from './uses.ts'

const subjectForm = /^u_[\w-]{43}$/

export async function people(
  parts: ReportParts,
  names: NameReader,
  query: PeopleQuery,
  signal: AbortSignal,
): Promise<Page<PersonRow>> {
  const pseudonyms = await parts.pseudonyms.existing(signal)
  const prefix = pseudonyms && prefixOf(query, pseudonyms)
  if (!pseudonyms || prefix === null) return { rows: [] }
  const page = await pageOfKeys(parts.store, prefix, query, signal)
  const subs = page.rows.map((key) => key.slice(key.lastIndexOf('/') + 1))
  const rows = await personRows({ parts, names, pseudonyms, range: query.range }, subs, signal)
  return { ...page, rows }
}

function prefixOf({ company, email }: PeopleQuery, pseudonyms: Pseudonyms): string | null {
  if (email !== undefined) return addressPersonKey(pseudonyms.address(email), '')
  if (company === undefined) return newPeople
  return pseudonymForm.test(company) ? companyPersonKey(company, '') : null
}

interface Reading {
  readonly parts: ReportParts
  readonly names: Pick<NameReader, 'company'>
  readonly pseudonyms: Pseudonyms
  readonly range: Range
}

/** Reads the rows of some people. People of one shard share one read of it. A person who is gone has no row. */
export async function personRows(reading: Reading, subs: readonly string[], signal: AbortSignal): Promise<PersonRow[]> {
  const { parts, pseudonyms } = reading
  const shards = new Map<string, Promise<StoreValue | undefined>>()
  const shardOf = (person: string) => {
    const shard = personShard(person)
    const known = shards.get(shard) ?? parts.store.get(peopleKey(shard), signal).then((stored) => stored?.value)
    shards.set(shard, known)
    return known
  }
  const rows = await inParallel(subs, atOnce, async (sub) => {
    const person = pseudonyms.person(sub)
    return personRow(reading, { sub, known: readPersonSummary(await shardOf(person), person) }, signal)
  })
  return rows.filter((row) => row !== null)
}

export async function personRow(
  { parts, names, pseudonyms, range }: Reading,
  {
    sub,
    known,
    ...given
  }: { readonly sub: string; readonly known: KnownPerson; readonly named?: StoreValue | undefined },
  signal: AbortSignal,
): Promise<PersonRow | null> {
  const person = pseudonyms.person(sub)
  const [user, named, recent] = await Promise.all([
    parts.readUser(sub, signal),
    given.named ?? parts.store.get(personNameKey(person), signal).then((stored) => stored?.value),
    parts.recent(signal),
  ])
  if (!user) return null
  const { email, emailVerified, name, firstSeenAt, lastSeenAt } = user
  const first = firstDayOf(parts, range)
  const { summary, through } = known
  const counts = summary ? countsSince(summary.days, dayNumber(first)) : noCalls()
  let { total = 0, last = 0 } = summary ?? {}
  for (const [day, { people }] of recent.days) {
    if (day <= through) continue
    const found = dayOfPerson(people, person, day)
    last = Math.max(last, found.last)
    total += found.counts.calls
    if (day >= first) addCounts(counts, found.counts)
  }
  const company = textOf(named?.company)
  const latest = Math.max(last, lastSeenAt ?? 0)
  return {
    sub,
    ...counts,
    totalCalls: total,
    ...defined({
      email,
      emailVerified: emailVerified ?? undefined,
      name,
      company: company === undefined ? undefined : { id: company, ...(await names.company(company, signal)) },
      firstSeenAt,
      lastSeenAt: latest > 0 ? latest : undefined,
    }),
  }
}

export async function person(
  parts: ReportParts,
  names: NameReader,
  { sub, range }: { readonly sub: string; readonly range: Range },
  signal: AbortSignal,
): Promise<PersonReport | null> {
  const pseudonyms = await parts.pseudonyms.existing(signal)
  if (!pseudonyms || !subjectForm.test(sub)) return null
  const name = pseudonyms.person(sub)
  const shard = personShard(name)
  const uses: Uses = new Map()
  const [stored, recent, connections] = await Promise.all([
    parts.store.get(peopleKey(shard), signal),
    parts.recent(signal),
    connectionsOf(parts, sub, signal),
  ])
  const known = readPersonSummary(stored?.value, name)
  const row = await personRow({ parts, names, pseudonyms, range }, { sub, known }, signal)
  if (!row) return null
  const days = daysOf(parts, range)
  const byDay: DayCounts = new Map(known.summary?.days)
  const keys = days.filter((day) => byDay.has(dayNumber(day))).flatMap((day) => dayPersonKeys(day, name))
  await inParallel(keys, atOnce, async (key) => {
    const ofDay = await parts.store.get(key, signal)
    if (ofDay) addAll(uses, usesOfPerson(ofDay.value, name))
  })
  for (const [day, { people }] of recent.days) {
    if (day <= known.through) continue
    byDay.set(dayNumber(day), dayOfPerson(people, name, day).counts)
    if (day >= firstDayOf(parts, range)) addAll(uses, people.of(name))
  }
  return { ...row, days: dayRows(days, byDay), use: await useRows(uses, names, signal), connections }
}

function addAll(uses: Uses, ofPerson: Iterable<Use>): void {
  // Without the company, which stands first.
  for (const { combination, count } of ofPerson) addUses(uses, combination.slice(combination.indexOf(' ') + 1), count)
}

/** Connections that are read for one page. */
const mostConnections = 100

async function connectionsOf(
  { store }: ReportParts,
  sub: string,
  signal: AbortSignal,
): Promise<PersonReport['connections']> {
  const keys = (await listAll(store, `connections/${sub}/`, signal)).slice(0, mostConnections)
  const found = await inParallel(keys, atOnce, async (key) => {
    const value = (await store.get(key, signal))?.value
    if (!value) return null
    const client = isObject(value.client) ? value.client : {}
    return {
      clientHash: key.slice(key.lastIndexOf('/') + 1),
      ...defined({ name: textOf(client.name), host: textOf(client.host) }),
      firstSeenAt: secondsOf(value.firstSeenAt) ?? 0,
      lastSeenAt: secondsOf(value.lastSeenAt) ?? 0,
    }
  })
  return found.filter((connection) => connection !== null).toSorted((a, b) => b.lastSeenAt - a.lastSeenAt)
}
