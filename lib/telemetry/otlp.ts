import type { Attributes } from './attributes.ts'
import { type Instrument, instruments } from './instruments.ts'
import { bounds, type Collected, type Point } from './meter.ts'
import type { Span } from './source.ts'

/**
 * Builds the messages of OTLP 1.x in the form of its JSON encoding (opentelemetry-proto, `docs/specification.md`): 64-bit numbers
 * are texts, and IDs are hexadecimal.
 */
export interface Origin {
  /** What these spans and metrics are of: the service and the instance. */
  readonly resource: Attributes
  readonly scope: { readonly name: string; readonly version: string }
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const spanKinds = { server: 2, client: 3 }
/** The status of a span that failed. */
const statusError = 2
const delta = 1

export const tracesMessage = (spans: readonly Span[], { resource, scope }: Origin) => ({
  resourceSpans: [
    { resource: { attributes: attributesOf(resource) }, scopeSpans: [{ scope, spans: spans.map(spanMessage) }] },
  ],
})

function spanMessage({ trace, spanId, parentSpanId, name, kind, start, end, attributes, failed }: Span) {
  return {
    traceId: trace.traceId,
    spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    // Sampled; and whether the parent is in another process (bits 8 and 9).
    flags: 1 | 0x100 | (kind === 'server' && parentSpanId !== undefined ? 0x200 : 0),
    name,
    kind: spanKinds[kind],
    startTimeUnixNano: nanoseconds(start),
    endTimeUnixNano: nanoseconds(end),
    attributes: attributesOf(attributes),
    ...(failed && { status: { code: statusError } }),
  }
}

export const metricsMessage = ({ from, metrics }: Collected, { resource, scope, now }: Origin) => ({
  resourceMetrics: [
    {
      resource: { attributes: attributesOf(resource) },
      scopeMetrics: [
        {
          scope,
          metrics: [...metrics].map(([name, points]) => ({
            name,
            description: instruments[name].description,
            unit: instruments[name].unit,
            ...dataOf(instruments[name].kind, points, {
              startTimeUnixNano: nanoseconds(from),
              timeUnixNano: nanoseconds(now()),
            }),
          })),
        },
      ],
    },
  ],
})

interface Times {
  readonly startTimeUnixNano: string
  readonly timeUnixNano: string
}

function dataOf(kind: Instrument['kind'], points: readonly Point[], times: Times) {
  switch (kind) {
    case 'gauge':
      return {
        gauge: {
          dataPoints: points.map(({ attributes, value }) => ({
            attributes: attributesOf(attributes),
            timeUnixNano: times.timeUnixNano,
            asDouble: value,
          })),
        },
      }
    case 'counter':
      return {
        sum: {
          dataPoints: points.map(({ attributes, value }) => ({
            attributes: attributesOf(attributes),
            ...times,
            asInt: String(value),
          })),
          aggregationTemporality: delta,
          isMonotonic: true,
        },
      }
    case 'histogram':
      return {
        histogram: {
          dataPoints: points.map(({ attributes, value, count, buckets }) => ({
            attributes: attributesOf(attributes),
            ...times,
            count: String(count),
            sum: value,
            bucketCounts: buckets.map(String),
            explicitBounds: bounds,
          })),
          aggregationTemporality: delta,
        },
      }
  }
}

const attributesOf = (attributes: Attributes) =>
  Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [{ key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } }],
  )

/** Milliseconds may have a fraction. A number of nanoseconds since 1970 is too large for one. */
const nanoseconds = (milliseconds: number) =>
  String(BigInt(Math.floor(milliseconds)) * 1_000_000n + BigInt(Math.floor((milliseconds % 1) * 1_000_000)))
