/** A source of random numbers in [0, 1) that repeats itself for the same seed (sfc32). */
export type Random = () => number

export function createRandom(seed: number): Random {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, seed | 0]
  const next = () => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / 2 ** 32
  }
  for (let index = 0; index < 20; index++) next()
  return next
}

/** The time until the next of events that happen independently, on average `rate` in one unit of time. */
export const exponential = (random: Random, rate: number): number => -Math.log(1 - random()) / rate

/** The 99th percentile of a standard normal distribution. */
const z99 = 2.3263

/** A time with this median and this 99th percentile: most are near the median, and a few take much longer. */
export function skewed(random: Random, median: number, tail: number): number {
  if (median === 0) return 0
  const sigma = Math.log(tail / median) / z99
  // Box and Muller.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return median * Math.exp(sigma * normal)
}
