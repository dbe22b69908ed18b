/** Whether this run takes its time: `LONG=1 npm test`, as in `LONG=1 .ci/run`. */
export const isLong = process.env.LONG === '1'

/** How often a test repeats what depends on chance or on the order of events: `usual` times, and `long` times with `LONG=1`. */
export const times = (usual: number, long: number): number => (isLong ? long : usual)

/** Every so many of a list, from its first on, and all of it with `LONG=1`. */
export const sample = <T>(all: readonly T[], every: number): readonly T[] =>
  isLong ? all : all.filter((_, index) => index % every === 0)
