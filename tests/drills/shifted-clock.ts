/** Preloaded into a function host: its clock is ahead by `CLOCK_AHEAD` seconds, or behind if that is negative. */

const ahead = Number(process.env.CLOCK_AHEAD) * 1000
const TrueDate = Date
const trueNow = Date.now

class ShiftedDate extends TrueDate {
  constructor(...given: readonly unknown[]) {
    // A date without a given time is the time of the clock.
    super(...((given.length === 0 ? [trueNow() + ahead] : given) as [number]))
  }

  static override now(): number {
    return trueNow() + ahead
  }
}

globalThis.Date = ShiftedDate as DateConstructor
