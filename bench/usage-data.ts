import type { World } from '../dev/start/world.ts'
import { callOf, domainOfCompany, type Population, personOf, subOfPerson } from '../dev/usage/synthetic.ts'
import { createSealing } from '../lib/oauth/keys/sealing.ts'
import { companyOf } from '../lib/people/company.ts'
import { addAllCells, addToCells, type Cells } from '../lib/people/usage/cells.ts'
import { addCompanies, type CompaniesOfDay, toCompaniesValue } from '../lib/people/usage/companies-of-day.ts'
import {
  type CompaniesSummary,
  toCompaniesSummaryValue,
  withDayOfCompanies,
} from '../lib/people/usage/companies-summary.ts'
import { toCompanyRowsValue } from '../lib/people/usage/company-rows.ts'
import { type CompanyName, countActive, eventsIn, joined, tablesOfDay } from '../lib/people/usage/compose-day.ts'
import { type Active, activeCompanies, dayTotals, periodOf, toTotalsValue } from '../lib/people/usage/day-totals.ts'
import { type CountedEvent, countedEvent, eventKey, noId } from '../lib/people/usage/event-key.ts'
import * as names from '../lib/people/usage/names.ts'
import { type PeopleSummary, toPeopleSummaryValue, withDay } from '../lib/people/usage/people-summary.ts'
import { createPeopleTable, type PeopleTable } from '../lib/people/usage/people-table.ts'
import { addPeriod, emptyPeriod, type Period, toPeriodValue } from '../lib/people/usage/period.ts'
import type { Pseudonyms } from '../lib/people/usage/pseudonyms.ts'
import { settleTime } from '../lib/people/usage/roll-up.ts'
import * as shards from '../lib/people/usage/shards.ts'
import { addTally, createTally, sliceKey, tallyOf, toSliceValue } from '../lib/people/usage/slices.ts'
import { soFarKey } from '../lib/people/usage/so-far.ts'
import {
  type Day,
  dayAfter,
  dayNumber,
  dayOf,
  daysBetween,
  sliceMilliseconds,
  startOfSlice,
} from '../lib/people/usage/time.ts'
import { userKey } from '../lib/people/users.ts'
import { personalDataOf } from '../lib/service/personal-data.ts'
import { pseudonymsOf } from '../lib/service/usage-parts.ts'
import type { StoreValue } from '../lib/store/store.ts'
import { storeName, type UsageTarget } from './usage-target.ts'

/** The steps of each person's sign-in, and how many of a hundred get there. */
const steps = { approved: 100, provider: 90, callback: 85, confirmation: 85, code: 84, token: 83 } as const

/** What was planted, for the addresses of pages. */
export interface UsageData {
  readonly person: string
  readonly email: string
  /** The pseudonym of the largest company. */
  readonly company: string
}

/**
 * Puts the records of usage into the store of a world as the rollup would have composed them: each day but today from its calls, and
 * today as slices and the latest events. Every person signed in on one of the days.
 */
export async function plantUsage(
  world: World,
  given: Omit<Population, 'first'>,
  target: UsageTarget,
): Promise<UsageData> {
  const { url: issuer, environment } = world
  const { store } = target
  const secrets = {
    current: new Uint8Array(Buffer.from(environment.MCP_OAUTH_SECRET ?? '', 'base64url')),
    previous: [],
    retired: [],
  }
  const site = { issuer, storeName } as Parameters<typeof pseudonymsOf>[0]
  const source = pseudonymsOf(site, createSealing(issuer, secrets), store)
  const pseudonyms = remembered(await source.load(AbortSignal.timeout(30_000)))
  const now = Date.now()
  const today = dayOf(now)
  const population: Population = { ...given, first: dayAfter(today, 1 - given.days) }
  const plant = (key: string, value: StoreValue) => target.plant(storeName, key, value)

  const byDay = eventsByDay(population, pseudonyms, now)
  plantDays(byDay, daysBetween(population.first, dayAfter(today, -1)), companyNamesOf(population, pseudonyms), plant)
  const latest = byDay.get(today) ?? []
  const soFar = createTally()
  let through = ''
  for (const [slice, events] of Map.groupBy(latest, (event) => event.slice)) {
    if (startOfSlice(slice) + sliceMilliseconds + settleTime <= now) {
      const tally = tallyOf(events, () => false)
      plant(sliceKey(slice), toSliceValue(tally))
      addTally(soFar, tally)
      if (slice > through) through = slice
    } else for (const event of events) target.plant(`${storeName}-usage-${today}`, eventKey(event), {})
  }
  plant(soFarKey(today), { through, ...toSliceValue(soFar) })
  await target.settled()

  const personalData = personalDataOf(issuer, secrets, 'all')
  for (let index = 0; index < population.people; index++) {
    const event = callOf(index, population)
    const sub = subOfPerson(personOf(index, population))
    const company = companyOf(event.person ?? {})
    const since = dayAfter(population.first, index % population.days)
    const seen = Math.floor(event.at / 1000)
    const email = emailOf(index)
    const id = pseudonyms.company(company?.id ?? '')
    const address = pseudonyms.address(email)
    plant(names.personNameKey(pseudonyms.person(sub)), {
      sub,
      company: id,
      companyNames: { domain: company?.domain ?? '' },
      address,
      since,
    })
    plant(names.companyNameKey(id), {
      firstSeenAt: seen,
      name: `Company of ${company?.domain}`,
      domain: company?.domain ?? '',
    })
    plant(names.companyPersonKey(id, sub), {})
    plant(names.addressPersonKey(address, sub), {})
    plant(names.newPersonKey(since, sub), {})
    const record = { email, name: `Person ${index}`, emailVerified: true, firstSeenAt: seen, lastSeenAt: seen }
    plant(userKey(sub), personalData.close(userKey(sub), record))
    if (event.client) plant(names.clientNameKey(pseudonyms.client(event.client)), { name: event.client.name ?? '' })
    if (index % 5_000 === 0) await target.settled()
  }
  await target.settled()
  const first = callOf(0, population)
  return {
    person: subOfPerson(0),
    email: emailOf(0),
    company: pseudonyms.company(companyOf(first.person ?? {})?.id ?? ''),
  }
}

const emailOf = (index: number) => `person-${index}@people.example`

/** Names each id once: a million calls are by few of them. */
function remembered({ since, ...given }: Pseudonyms): Pseudonyms {
  const once = <Given>(name: (given: Given) => string, keyOf: (given: Given) => string) => {
    const known = new Map<string, string>()
    return (one: Given) => known.get(keyOf(one)) ?? known.set(keyOf(one), name(one)).get(keyOf(one)) ?? ''
  }
  const text = (id: string) => id
  return {
    ...given,
    since,
    person: once(given.person, text),
    company: once(given.company, text),
    client: once(given.client, ({ name = '' }) => name),
  }
}

/** The calls until now, by day. */
function eventsByDay(population: Population, pseudonyms: Pseudonyms, now: number): Map<Day, CountedEvent[]> {
  const byDay = new Map<Day, CountedEvent[]>()
  for (let index = 0; index < population.calls; index++) {
    const event = callOf(index, population)
    if (event.at > now) continue
    const counted = countedEvent(event, companyOf(event.person ?? {})?.id, pseudonyms, String(index))
    const day = counted.slice.slice(0, 8)
    const known = byDay.get(day) ?? []
    byDay.set(day, known)
    known.push(counted)
  }
  return byDay
}

function companyNamesOf(population: Population, { company }: Pseudonyms): ReadonlyMap<string, CompanyName> {
  const domains = Array.from({ length: population.companies }, (_, index) => domainOfCompany(index))
  return new Map(domains.map((domain) => [company(companyOf({ email: `a@${domain}`, emailVerified: true })?.id ?? ''), { name: `Company of ${domain}`, domain }])) // biome-ignore format: one line
}

/** The records of complete days, and what is known about people and companies after the last of them. */
function plantDays(
  byDay: ReadonlyMap<Day, readonly CountedEvent[]>,
  days: readonly Day[],
  companyNames: ReadonlyMap<string, CompanyName>,
  plant: (key: string, value: StoreValue) => void,
): void {
  const people = new Map<string, PeopleSummary>(
    shards.peopleShards.map((shard) => [shard, { through: '', people: new Map() }]),
  )
  const known = new Map<string, CompaniesSummary>(
    shards.companyShards.map((shard) => [shard, { through: '', companies: new Map() }]),
  )
  const last = days.at(-1) ?? ''
  const periods = new Map<number, Period>(shards.windows.map((window) => [window, emptyPeriod()]))
  for (const day of days) {
    const { cells, tables } = tablesOf(byDay.get(day) ?? [])
    const companies: CompaniesOfDay = new Map()
    for (const table of tables.values()) addCompanies(companies, table)
    const active: Active = { people: shards.windows.map(() => 0), byCompany: new Map() }
    for (const [shard, summary] of people) {
      const after = withDay(summary, day, tables.get(shard) ?? createPeopleTable())
      people.set(shard, after)
      if (day === last) countActive(active, after, shards.windowStarts(dayNumber(day)))
    }
    for (const [shard, ofShard] of tablesOfDay(tables, eventsIn(cells)))
      plant(shards.dayPeopleKey(day, shard), { ...joined(ofShard).toValue() })
    for (const [shard, entries] of Map.groupBy(companies, ([company]) => shards.companyShard(company))) {
      plant(shards.dayCompaniesKey(day, shard), toCompaniesValue(entries))
      const before = known.get(shard)
      if (before) known.set(shard, withDayOfCompanies(before, day, new Map(entries), active.byCompany, companyNames))
    }
    const totals = dayTotals(cells, [...tables.values()], companies)
    plant(shards.dayKey(day), toTotalsValue(totals, active))
    for (const [index, window] of shards.windows.entries()) {
      const period = periods.get(window) ?? emptyPeriod()
      if (dayNumber(day) > dayNumber(last) - window) addPeriod(period, periodOf(day, totals))
      if (day !== last) continue
      const counts = { activePeople: active.people[index] ?? 0, activeCompanies: activeCompanies(active)[index] ?? 0 }
      plant(shards.periodKey(window), toPeriodValue({ through: day, ...counts, period }))
    }
  }
  for (const [shard, summary] of people) plant(shards.peopleKey(shard), toPeopleSummaryValue(summary))
  for (const [shard, summary] of known) {
    plant(shards.companiesKey(shard), toCompaniesSummaryValue(summary))
    plant(shards.companyRowsKey(shard), toCompanyRowsValue(summary))
  }
}

function tablesOf(events: readonly CountedEvent[]) {
  const { cells, people } = tallyOf(events, () => false)
  addAllCells(cells, signInsOf(events.length))
  const tables = new Map<string, PeopleTable>()
  for (const person of people.people()) {
    const shard = shards.personShard(person)
    const table = tables.get(shard) ?? createPeopleTable()
    tables.set(shard, table)
    for (const { combination, count, last } of people.of(person)) table.add(person, combination, count, last)
  }
  return { cells, tables }
}

/** Sign-ins of a day, a tenth as many as calls. */
function signInsOf(calls: number): Cells {
  const cells: Cells = new Map()
  for (const [step, share] of Object.entries(steps)) {
    for (let count = 0; count < (calls / 10) * (share / 100); count++)
      addToCells(cells, `${noId} step.${step} ok`, count % 900)
  }
  return cells
}
