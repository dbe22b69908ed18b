import { type Day, dayOfNumber } from './time.ts'

/** The records over which people are spread, so that no page has to read all people. */
export const peopleShards: readonly string[] = Array.from({ length: 256 }, (_, index) =>
  index.toString(16).padStart(2, '0'),
)
export const companyShards: readonly string[] = Array.from({ length: 16 }, (_, index) => index.toString(16))

/** The shard of a person, by their pseudonym. */
export const personShard = (person: string): string => firstByte(person).toString(16).padStart(2, '0')
export const companyShard = (company: string): string => (firstByte(company) >> 4).toString(16)

const firstByte = (pseudonym: string) => Buffer.from(pseudonym.slice(0, 2), 'base64url')[0] ?? 0

/**
 * What happened on a day, by person: each record has the people of one shard. A day with few events has 16 records, which are
 * quick to read one after the other. A day with many events has 256, and so has every day that an earlier release composed.
 */
export const dayPeopleKey = (day: Day, shard: string): string => `usage-day-people/${day}/${shard}`
/** Events above which the people of a day are spread over 256 records. */
const fewEvents = 50_000
/**
 * Returns which record of a day holds the people of a shard. The number of the day's events never changes, so every run gets the
 * same result.
 */
export const dayShard = (shard: string, events: number): string => (events > fewEvents ? shard : shard.slice(0, 1))
/** The shard at the end of a key. */
export const shardOfKey = (key: string): string => key.slice(key.lastIndexOf('/') + 1)
/** Whether a key belongs to a day with 256 records. */
export const isOfMany = (key: string): boolean => shardOfKey(key).length === 2
/** The keys of a day's records that may hold a person. */
export const dayPersonKeys = (day: Day, person: string): readonly string[] =>
  [personShard(person).slice(0, 1), personShard(person)].map((shard) => dayPeopleKey(day, shard))
/** The keys of all records that a day may have. */
export const everyDayPeopleKey = (day: Day): readonly string[] =>
  [...companyShards, ...peopleShards].map((shard) => dayPeopleKey(day, shard))
/** The same by company. */
export const dayCompaniesKey = (day: Day, shard: string): string => `usage-day-companies/${day}/${shard}`
/** The small totals of a day. This record is written last, so a day that has it is complete. */
export const dayKey = (day: Day): string => `usage-days/${day}`
/** What each person of a shard has done, up to and including the latest complete day. */
export const peopleKey = (shard: string): string => `usage-people/${shard}`
export const companiesKey = (shard: string): string => `usage-companies/${shard}`
/** What pages show about every company of a shard, without the single days. */
export const companyRowsKey = (shard: string): string => `usage-company-rows/${shard}`
/** The totals of the latest complete days. Their number is that of the window. */
export const periodKey = (window: number): string => `usage-periods/${window}`

/** The lengths of the windows that pages show, in complete days. With today, they are 7, 30 and 90 days. */
export const windows = [6, 29, 89] as const
export type Window = (typeof windows)[number]

/** The earliest day of each window that ends with a day, as numbers of days. */
export const windowStarts = (last: number): readonly number[] => windows.map((days) => last - days + 1)

/** For how many days summaries keep the counts of each day. */
export const longestWindow = Math.max(...windows)

export const dayText = dayOfNumber
