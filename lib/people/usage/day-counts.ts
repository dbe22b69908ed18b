import { addCounts, noCalls, type OutcomeCounts } from './outcome-counts.ts'

/** Counts by the number of the day. Days without a call are absent. */
export type DayCounts = Map<number, OutcomeCounts>

/** Numbers of one day: the day, and four counts. */
const width = 5

/** The days as a flat list of numbers, for the line of a record. */
export const toNumbers = (days: DayCounts): readonly number[] =>
  [...days].flatMap(([day, { calls, failed, refused, cancelled }]) => [day, calls, failed, refused, cancelled])

/** Reads what `toNumbers` wrote. */
export function fromNumbers(numbers: readonly number[]): DayCounts {
  const days: DayCounts = new Map()
  for (let at = 0; at < numbers.length; at += width) {
    const [day = 0, calls = 0, failed = 0, refused = 0, cancelled = 0] = numbers.slice(at, at + width)
    days.set(day, { calls, failed, refused, cancelled })
  }
  return days
}

/** Removes the days before `first`. */
export function forgetBefore(days: DayCounts, first: number): void {
  for (const day of days.keys()) if (day < first) days.delete(day)
}

/** The counts of all days from `first` on. */
export function countsSince(days: ReadonlyMap<number, OutcomeCounts>, first: number): OutcomeCounts {
  const sum = noCalls()
  for (const [day, counts] of days) if (day >= first) addCounts(sum, counts)
  return sum
}
