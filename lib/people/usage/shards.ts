import { type Day, dayOfNumber } from './time.ts'

/** People are spread over so many records, so that no page reads all of them. */
export const peopleShards: readonly string[] = Array.from({ length: 256 }, (_, index) =>
  index.toString(16).padStart(2, '0'),
)
export const companyShards: readonly string[] = Array.from({ length: 16 }, (_, index) => index.toString(16))

/** The shard of a person, by their pseudonym. */
export const personShard = (person: string): string => firstByte(person).toString(16).padStart(2, '0')
export const companyShard = (company: string): string => (firstByte(company) >> 4).toString(16)

const firstByte = (pseudonym: string) => Buffer.from(pseudonym.slice(0, 2), 'base64url')[0] ?? 0

/**
 * What happened on a day, by person: each record has the people of one shard. Days of few events have 16 records, which are quick to
 * read one after the other, and days of many have 256. Days that an earlier release composed have 256.
 */
export const dayPeopleKey = (day: Day, shard: string): string => `usage-day-people/${day}/${shard}`
/** Events above which the people of a day are spread over 256 records. */
const fewEvents = 50_000
/** Where the people of a shard are on a day. The number of its events never changes, so that every run finds the same. */
export const dayShard = (shard: string, events: number): string => (events > fewEvents ? shard : shard.slice(0, 1))
/** The shard at the end of a key. */
export const shardOfKey = (key: string): string => key.slice(key.lastIndexOf('/') + 1)
/** Whether a record of a day is one of 256. */
export const isOfMany = (key: string): boolean => shardOfKey(key).length === 2
/** The records of a day that may have a person. */
export const dayPersonKeys = (day: Day, person: string): readonly string[] =>
  [personShard(person).slice(0, 1), personShard(person)].map((shard) => dayPeopleKey(day, shard))
/** Every record that a day may have. */
export const everyDayPeopleKey = (day: Day): readonly string[] =>
  [...companyShards, ...peopleShards].map((shard) => dayPeopleKey(day, shard))
/** The same by company. */
export const dayCompaniesKey = (day: Day, shard: string): string => `usage-day-companies/${day}/${shard}`
/** The small totals of a day. The record is written last: with it, the day is complete. */
export const dayKey = (day: Day): string => `usage-days/${day}`
/** What is known about each person of a shard until the latest complete day. */
export const peopleKey = (shard: string): string => `usage-people/${shard}`
export const companiesKey = (shard: string): string => `usage-companies/${shard}`
/** What pages show of every company of a shard, without its days. */
export const companyRowsKey = (shard: string): string => `usage-company-rows/${shard}`
/** The totals of the latest complete days, so many as the window has. */
export const periodKey = (window: number): string => `usage-periods/${window}`

/**
 * Days that pages may look back, counted from the latest complete day: with today, these are 7, 30 and 90 days.
 */
export const windows = [6, 29, 89] as const
export type Window = (typeof windows)[number]

/** The earliest day of each window that ends with a day, as numbers of days. */
export const windowStarts = (last: number): readonly number[] => windows.map((days) => last - days + 1)

/** The daily counts that summaries keep. */
export const longestWindow = Math.max(...windows)

export const dayText = dayOfNumber
