import type { Attributes } from './attributes.ts'
import { instruments, type MetricName } from './instruments.ts'

/** The upper bounds of a histogram's buckets, in seconds: those of the semantic conventions, up to the longest answer. */
export const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60]

/** One series since the last collection. */
export interface Point {
  readonly attributes: Attributes
  /** The sum of a counter or a histogram, or the latest value of a gauge. */
  value: number
  count: number
  /** Only of a histogram: one count for each bound, and one for what is above the last. */
  readonly buckets: number[]
}

export interface Collected {
  /** Milliseconds since the epoch: when the first of these points could have begun. */
  readonly from: number
  readonly metrics: ReadonlyMap<MetricName, readonly Point[]>
}

/** Series of one metric that an instance holds. A further one is counted under `otel.metric.overflow`. */
const mostSeries = 500

/**
 * Adds up measurements between two collections (delta temporality): an instance may be frozen for hours or never be asked again,
 * so that a sum since its start says little.
 *
 * @param now milliseconds since the epoch
 */
export function createMeter(now: () => number) {
  let from = now()
  let series = new Map<MetricName, Map<string, Point>>()

  function pointOf(name: MetricName, attributes: Attributes): Point {
    const points = series.get(name) ?? new Map<string, Point>()
    series.set(name, points)
    const set = Object.entries(attributes).filter(([, value]) => value !== undefined)
    const key = JSON.stringify(set.sort())
    const known = points.get(key)
    if (known) return known
    if (points.size >= mostSeries && attributes !== overflow) return pointOf(name, overflow)
    const point = { attributes, value: 0, count: 0, buckets: [] }
    points.set(key, point)
    return point
  }

  function record(name: MetricName, value: number, attributes: Attributes = {}): void {
    const point = pointOf(name, attributes)
    point.count += 1
    const { kind } = instruments[name]
    if (kind === 'gauge') {
      point.value = value
      return
    }
    point.value += value
    if (kind === 'counter') return
    const at = bounds.findIndex((bound) => value <= bound)
    const bucket = at < 0 ? bounds.length : at
    for (let index = point.buckets.length; index <= bounds.length; index++) point.buckets.push(0)
    point.buckets[bucket] = (point.buckets[bucket] ?? 0) + 1
  }

  return {
    /** Adds to a counter or a histogram, or sets a gauge. Durations are in seconds. */
    record,
    /** Returns what was measured since the last collection, and begins anew. `null`: nothing. */
    collect(): Collected | null {
      if (series.size === 0) return null
      const collected = { from, metrics: new Map([...series].map(([name, points]) => [name, [...points.values()]])) }
      series = new Map()
      from = now()
      return collected
    },
    /** Takes back what could not be sent, so that the next collection holds it. */
    restore(collected: Collected): void {
      from = Math.min(from, collected.from)
      for (const [name, points] of collected.metrics) {
        for (const { attributes, value, count, buckets } of points) {
          const point = pointOf(name, attributes)
          // A newer value of a gauge stays.
          if (instruments[name].kind !== 'gauge') point.value += value
          else if (point.count === 0) point.value = value
          point.count += count
          buckets.forEach((more, index) => {
            point.buckets[index] = (point.buckets[index] ?? 0) + more
          })
        }
      }
    },
  }
}

const overflow: Attributes = { 'otel.metric.overflow': 'true' }

export type Meter = ReturnType<typeof createMeter>
