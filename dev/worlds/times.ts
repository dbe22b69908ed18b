/**
 * How often a test repeats what depends on chance or on the order of events: `usual` times, and `long` times with `LONG=1`, which
 * is set for a release.
 */
export const times = (usual: number, long: number): number => (process.env.LONG === '1' ? long : usual)
