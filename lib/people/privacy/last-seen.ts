/**
 * The index of people by the month of their last sign-in: `last-seen/<yyyymm>/<sub>`, which holds nothing but its key. It finds the
 * people who have not signed in for long, without reading any other.
 */
export const lastSeenPrefix = 'last-seen/'

/** @param seconds since the epoch */
export const lastSeenKey = (sub: string, seconds: number): string => `${lastSeenPrefix}${monthOf(seconds)}/${sub}`

/** The month of a time in seconds since the epoch, as `yyyymm` in UTC. */
export const monthOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 7).replace('-', '')

/** One time in each month from the first to the last, in seconds since the epoch. */
export function monthsBetween(first: number, last: number): readonly number[] {
  const from = new Date(first * 1000)
  const months: number[] = []
  for (let index = 0; ; index++) {
    const month = Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + index, 1) / 1000
    if (month > last) return months
    months.push(month)
  }
}
