/** Seconds since the epoch at the end of the year 9999, beyond which a date is no longer written as people read it. */
const latest = 253_402_300_799

/** Returns a time in seconds since the epoch, if it is one. A stored time may be damaged, and no page must fail because of it. */
export const secondsOf = (value: unknown): number | undefined =>
  typeof value === 'number' && value >= 0 && value <= latest ? value : undefined

/** The same in milliseconds. */
export const millisecondsOf = (value: unknown): number | undefined =>
  typeof value === 'number' && value >= 0 && value <= 1000 * latest ? value : undefined
