/**
 * Counts durations in fixed buckets, each about a tenth wider than the one before. Histograms of different instances, clients and
 * days can be added. A percentile is at most 5 % off, because the bounds of a bucket are that far from its middle, and half a
 * millisecond more because it is rounded. This is the mapping of DDSketch (Masson et al. 2019) with a relative accuracy of 0.05.
 */
export type Histogram = number[]

const accuracy = 0.05
const ratio = (1 + accuracy) / (1 - accuracy)
const logOfRatio = Math.log(ratio)

const bucketOf = (milliseconds: number) => (milliseconds <= 1 ? 0 : Math.ceil(Math.log(milliseconds) / logOfRatio))

/** More than the bucket of the longest duration that an event may have. */
const lastBucket = 250

/** The value that stands for all durations of a bucket. */
const middleOf = (bucket: number) => (bucket === 0 ? 1 : (2 * ratio ** bucket) / (ratio + 1))

export function addDuration(histogram: Histogram, milliseconds: number): void {
  addTo(histogram, bucketOf(milliseconds), 1)
}

/** @param sign -1 subtracts the other histogram */
export function addHistogram(histogram: Histogram, other: readonly number[], sign: 1 | -1 = 1): void {
  other.forEach((count, bucket) => {
    addTo(histogram, bucket, sign * count)
  })
}

function addTo(histogram: Histogram, bucket: number, count: number): void {
  while (histogram.length <= bucket) histogram.push(0)
  histogram[bucket] = (histogram[bucket] ?? 0) + count
}

/**
 * Returns the duration in milliseconds that this share of all durations does not exceed, or `undefined` if the histogram is
 * empty.
 *
 * @param share 0.5 for the median
 */
export function percentile(histogram: readonly number[], share: number): number | undefined {
  const total = histogram.reduce((sum, count) => sum + count, 0)
  if (total === 0) return undefined
  let left = Math.ceil(share * total)
  for (const [bucket, count] of histogram.entries()) {
    left -= count
    if (left <= 0) return Math.round(middleOf(bucket))
  }
  return undefined
}

/** The buckets that are not empty, as `<bucket> <count> …`. */
export const toSparse = (histogram: readonly number[]): string =>
  histogram.flatMap((count, bucket) => (count === 0 ? [] : [`${bucket} ${count}`])).join(' ')

/** Reads what `toSparse` wrote, as numbers. */
export function fromSparse(numbers: readonly number[]): Histogram {
  const histogram: Histogram = []
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    // A damaged record may name a bucket that is far too high, and all buckets below it would take memory.
    addTo(histogram, Math.min(numbers[index] ?? 0, lastBucket), numbers[index + 1] ?? 0)
  }
  return histogram
}
