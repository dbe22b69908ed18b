import { defined } from '../../base/defined.ts'
import { inParallel } from '../../base/in-parallel.ts'
import { isObject } from '../../base/json.ts'
import type { StoreValue } from '../../store/store.ts'
import { countsSince, type DayCounts } from '../usage/day-counts.ts'
import { addressPersonKey, companyPersonKey, newPeople, personNameKey, textOf } from '../usage/names.ts'
import { addCounts, noCalls } from '../usage/outcome-counts.ts'
import { dayOfPerson, type PersonSummary, readPersonSummary } from '../usage/people-summary.ts'
import { usesOfPerson } from '../usage/people-table.ts'
import type { Pseudonyms } from '../usage/pseudonyms.ts'
import { dayPeopleKey, peopleKey, personShard } from '../usage/shards.ts'
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
  readonly names: NameReader
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
    const value = await shardOf(pseudonyms.person(sub))
    const summary = value && readPersonSummary(value, pseudonyms.person(sub))
    return personRow(reading, { sub, summary }, signal)
  })
  return rows.filter((row) => row !== null)
}

export async function personRow(
  { parts, names, pseudonyms, range }: Reading,
  { sub, summary }: { readonly sub: string; readonly summary: PersonSummary | undefined },
  signal: AbortSignal,
): Promise<PersonRow | null> {
  const person = pseudonyms.person(sub)
  const [user, named, recent] = await Promise.all([
    parts.readUser(sub, signal),
    parts.store.get(personNameKey(person), signal),
    parts.recent(signal),
  ])
  if (!user) return null
  const { email, emailVerified, name, firstSeenAt, lastSeenAt } = user
  const first = firstDayOf(parts, range)
  const counts = summary ? countsSince(summary.days, dayNumber(first)) : noCalls()
  let { total = 0, last = 0 } = summary ?? {}
  for (const [day, { people }] of recent.days) {
    const found = dayOfPerson(people, person, day)
    last = Math.max(last, found.last)
    total += found.counts.calls
    if (day >= first) addCounts(counts, found.counts)
  }
  const company = textOf(named?.value.company)
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
  const days = daysOf(parts, range)
  const uses: Uses = new Map()
  const [stored, recent, connections] = await Promise.all([
    parts.store.get(peopleKey(shard), signal),
    parts.recent(signal),
    connectionsOf(parts, sub, signal),
    inParallel(days, atOnce, async (day) => {
      const ofDay = await parts.store.get(dayPeopleKey(day, shard), signal)
      if (ofDay) for (const { combination, count } of usesOfPerson(ofDay.value, name)) addUses(uses, withoutCompany(combination), count) // biome-ignore format: one line
    }),
  ])
  const summary = stored ? readPersonSummary(stored.value, name) : undefined
  const row = await personRow({ parts, names, pseudonyms, range }, { sub, summary }, signal)
  if (!row) return null
  const byDay: DayCounts = new Map(summary?.days)
  for (const [day, { people }] of recent.days) {
    byDay.set(dayNumber(day), dayOfPerson(people, name, day).counts)
    for (const { combination, count } of people.of(name)) addUses(uses, withoutCompany(combination), count)
  }
  return { ...row, days: dayRows(days, byDay), use: await useRows(uses, names, signal), connections }
}

const withoutCompany = (combination: string) => combination.slice(combination.indexOf(' ') + 1)

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
      firstSeenAt: Number(value.firstSeenAt ?? 0),
      lastSeenAt: Number(value.lastSeenAt ?? 0),
    }
  })
  return found.filter((connection) => connection !== null).toSorted((a, b) => b.lastSeenAt - a.lastSeenAt)
}
