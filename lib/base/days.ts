/** Returns a day as `yyyymmdd` (UTC). `time` is in milliseconds since the epoch. */
export const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10).replaceAll('-', '')

/** Returns the day so many days before `time`, as `yyyymmdd`. */
export const dayBefore = (time: number, days: number): string => dayOf(time - days * 86_400_000)
