/** Whether this run takes its time for more rounds and cases: `LONG=1 npm test`, as in `LONG=1 .ci/run`. */
export const isLong = process.env.LONG === '1'

/** Returns how many rounds or cases a test has: so many usually, and so many in a long run. */
export const rounds = (usually: number, long: number): number => (isLong ? long : usually)

/** Returns every so many of a list, from its first on, and all of it in a long run. */
export const sample = <T>(all: readonly T[], every: number): readonly T[] =>
  isLong ? all : all.filter((_, index) => index % every === 0)
