import * as v from 'valibot'
import type { StoreValue } from '../../store/store.ts'
import { type DayCounts, forgetBefore, fromNumbers, toNumbers } from './day-counts.ts'
import { isPerson, noId } from './event-key.ts'
import { countOutcome, noCalls } from './outcome-counts.ts'
import { type PeopleTable, partsOf } from './people-table.ts'
import { longestWindow } from './shards.ts'
import { type Day, dayNumber, startOfDay } from './time.ts'

/** What one person has done, up to and including the latest complete day. */
export interface PersonSummary {
  /** The pseudonym of the person's latest company; `-` if there is none. */
  company: string
  /** Seconds since the epoch: the first and the latest event. */
  readonly first: number
  last: number
  /** The number of all calls that the person ever made. */
  total: number
  /** The counts of those of the last 89 days on which the person called a tool, by the number of the day. */
  readonly days: DayCounts
}

/** The people of one shard, by pseudonym. */
export interface PeopleSummary {
  /** The latest day that the record includes. */
  readonly through: Day
  readonly people: Map<string, PersonSummary>
}

const summaryValue = v.object({ through: v.string(), people: v.array(v.string()) })

/** `undefined`: there is no record yet. */
export function readPeopleSummary(value: StoreValue | undefined): PeopleSummary {
  if (value === undefined) return { through: '', people: new Map() }
  const { through, people } = v.parse(summaryValue, value)
  return { through, people: new Map(people.map(readLine)) }
}

/** What a record says about one person. */
export interface KnownPerson {
  /** The latest day that the record includes. Empty if it includes none. */
  readonly through: Day
  readonly summary?: PersonSummary | undefined
}

/** Reads one person of a record. `undefined`: there is no record yet. */
export function readPersonSummary(value: StoreValue | undefined, person: string): KnownPerson {
  if (value === undefined) return { through: '' }
  const { through, people } = v.parse(summaryValue, value)
  const line = people.find((text) => text.startsWith(`${person} `))
  return { through, summary: line === undefined ? undefined : readLine(line)[1] }
}

/** Reads a record of which many people will be asked for. Only what is asked for becomes an object. */
export function readKnownPeople(value: StoreValue | undefined): (person: string) => KnownPerson {
  if (value === undefined) return () => ({ through: '' })
  const { through, people } = v.parse(summaryValue, value)
  const lines = new Map(people.map((line) => [line.slice(0, line.indexOf(' ')), line]))
  return (person) => {
    const line = lines.get(person)
    return { through, summary: line === undefined ? undefined : readLine(line)[1] }
  }
}

function readLine(line: string): [string, PersonSummary] {
  const [person = '', company = noId, ...rest] = line.split(' ')
  const [first = 0, last = 0, total = 0, ...numbers] = rest.map(Number)
  return [person, { company, first, last, total, days: fromNumbers(numbers) }]
}

export const toPeopleSummaryValue = ({ through, people }: PeopleSummary): StoreValue => ({
  through,
  people: [...people].map(([person, { company, first, last, total, days }]) =>
    [person, company, first, last, total, ...toNumbers(days)].join(' '),
  ),
})

/** Adds a day to a record. It must be the day after `through`, or the first day of all. */
export function withDay(before: PeopleSummary, day: Day, table: PeopleTable): PeopleSummary {
  const people = new Map(before.people)
  const number = dayNumber(day)
  for (const person of table.people()) {
    if (!isPerson(person)) continue
    const { company, last, counts } = dayOfPerson(table, person, day)
    const summary = people.get(person) ?? { company, first: last, last, total: 0, days: new Map() }
    people.set(person, summary)
    summary.company = company
    summary.last = Math.max(summary.last, last)
    summary.total += counts.calls
    if (counts.calls > 0) summary.days.set(number, counts)
  }
  for (const { days } of people.values()) forgetBefore(days, number - longestWindow + 1)
  return { through: day, people }
}

/** What a person did on one day, or until now. `last`: seconds since the epoch, 0 if the person did nothing. */
export function dayOfPerson(table: PeopleTable, person: string, day: Day) {
  const counts = noCalls()
  let company = noId
  let last = -1
  for (const use of table.of(person)) {
    const parts = partsOf(use.combination)
    countOutcome(counts, parts.what, parts.outcome, use.count)
    if (use.last >= last) company = parts.company
    last = Math.max(last, use.last)
  }
  return { company, last: last < 0 ? 0 : startOfDay(day) / 1000 + last, counts }
}
