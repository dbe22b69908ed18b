/** A day in UTC, as `yyyymmdd`. */
export type Day = string
/** Ten minutes in UTC, as `yyyymmddhhm`. The last digit is the first digit of the minute. */
export type Slice = string

const dayMilliseconds = 86_400_000
export const sliceMilliseconds = 600_000
export const slicesOfDay = dayMilliseconds / sliceMilliseconds

/** The day of a time in milliseconds since the epoch. */
export const dayOf = (milliseconds: number): Day => digitsOf(milliseconds, 10)

/** The slice of a time in milliseconds since the epoch. */
export const sliceOf = (milliseconds: number): Slice => digitsOf(milliseconds, 15)

const digitsOf = (milliseconds: number, characters: number) =>
  new Date(milliseconds).toISOString().slice(0, characters).replaceAll(/[-T:]/g, '')

/** When a slice begins, in milliseconds since the epoch. */
export const startOfSlice = (slice: Slice): number =>
  startOfDay(dayOfSlice(slice)) + (Number(slice.slice(8, 10)) * 6 + Number(slice.slice(10))) * sliceMilliseconds

export const startOfDay = (day: Day): number =>
  Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6, 8)))

export const dayOfSlice = (slice: Slice): Day => slice.slice(0, 8)

/** The slices of a day, in order. */
export const slicesIn = (day: Day): readonly Slice[] =>
  Array.from({ length: slicesOfDay }, (_, index) => sliceOf(startOfDay(day) + index * sliceMilliseconds))

/** Days since the epoch, for records that hold many days. */
export const dayNumber = (day: Day): number => startOfDay(day) / dayMilliseconds
export const dayOfNumber = (number: number): Day => dayOf(number * dayMilliseconds)

/** Returns the day that is so many days later. A negative number gives an earlier day. */
export const dayAfter = (day: Day, days = 1): Day => dayOfNumber(dayNumber(day) + days)

/** The days from the first to the last, both included. None if the first is later. */
export const daysBetween = (first: Day, last: Day): readonly Day[] =>
  Array.from({ length: Math.max(0, dayNumber(last) - dayNumber(first) + 1) }, (_, index) => dayAfter(first, index))
