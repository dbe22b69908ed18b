import type { IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import * as v from 'valibot'
import { type EndpointFault, headersOf, listenOnLoopback, misbehave, pathOf, takeFault } from '../stand-in.ts'
import { metricsMessage, tracesMessage } from './protobuf.ts'

export interface CollectedSpan {
  readonly name: string
  /** 2: of a request. 3: of a call to another service. */
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly attributes: Readonly<Record<string, string | number>>
  readonly failed: boolean
  /** Milliseconds since the epoch. */
  readonly start: number
  readonly end: number
  readonly resource: Readonly<Record<string, string | number>>
}

export interface CollectedPoint {
  readonly metric: string
  readonly kind: 'sum' | 'gauge' | 'histogram'
  readonly unit: string
  readonly attributes: Readonly<Record<string, string | number>>
  readonly resource: Readonly<Record<string, string | number>>
  /** Of a sum or a gauge. Of a histogram: the sum of what was measured. */
  readonly value: number
  /** Of a histogram: how often it was measured. */
  readonly count: number
}

export interface CollectedRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** The body as text; of Protocol Buffers, with whatever is not text. */
  readonly text: string
}

/** `nonsense`: 200, with a body that is no answer of a collector. The others are those of all stand-ins. */
export type CollectorFault = EndpointFault | { kind: 'nonsense'; times?: number }

export interface Collector {
  readonly url: string
  /** What was accepted, in order. */
  spans(): readonly CollectedSpan[]
  points(metric: string): readonly CollectedPoint[]
  /** The sum of all points of a metric whose attributes include these: of a histogram, how often it was measured. */
  total(metric: string, attributes?: Readonly<Record<string, string | number>>): number
  /** Every request, accepted or not. */
  requests(): readonly CollectedRequest[]
  /** The fault of the next requests. */
  fault: CollectorFault | undefined
  reset(): void
  stop(): Promise<void>
}

const attribute = v.object({
  key: v.string(),
  value: v.object({ stringValue: v.optional(v.string()), intValue: v.optional(v.string()) }),
})
const attributes = v.optional(v.array(attribute), [])
const resource = v.object({ attributes })

const traces = v.object({
  resourceSpans: v.array(
    v.object({
      resource,
      scopeSpans: v.array(
        v.object({
          spans: v.array(
            v.object({
              traceId: v.pipe(v.string(), v.regex(/^[\da-f]{32}$/)),
              spanId: v.pipe(v.string(), v.regex(/^[\da-f]{16}$/)),
              parentSpanId: v.optional(v.pipe(v.string(), v.regex(/^[\da-f]{16}$/))),
              name: v.string(),
              kind: v.number(),
              startTimeUnixNano: v.string(),
              endTimeUnixNano: v.string(),
              attributes,
              status: v.optional(v.object({ code: v.number() })),
            }),
          ),
        }),
      ),
    }),
  ),
})

/** Delta temporality. */
const delta = v.literal(1)
const numberPoints = v.array(
  v.object({ attributes, asInt: v.optional(v.string()), asDouble: v.optional(v.number()), timeUnixNano: v.string() }),
)
const histogramPoints = v.array(
  v.object({
    attributes,
    startTimeUnixNano: v.string(),
    timeUnixNano: v.string(),
    count: v.string(),
    sum: v.number(),
    bucketCounts: v.array(v.string()),
    explicitBounds: v.array(v.number()),
  }),
)
const metrics = v.object({
  resourceMetrics: v.array(
    v.object({
      resource,
      scopeMetrics: v.array(
        v.object({
          metrics: v.array(
            v.object({
              name: v.string(),
              unit: v.optional(v.string(), ''),
              gauge: v.optional(v.object({ dataPoints: numberPoints })),
              sum: v.optional(
                v.object({ dataPoints: numberPoints, aggregationTemporality: delta, isMonotonic: v.literal(true) }),
              ),
              histogram: v.optional(v.object({ dataPoints: histogramPoints, aggregationTemporality: delta })),
            }),
          ),
        }),
      ),
    }),
  ),
})

/**
 * Starts a collector of OpenTelemetry that takes OTLP over HTTP, as JSON or Protocol Buffers, and keeps what it was sent. It
 * refuses with 400 what it cannot read: a part that it does not know, or metrics that are not of delta temporality.
 */
export async function startCollector({ port = 0 }: { readonly port?: number } = {}): Promise<Collector> {
  const requests: CollectedRequest[] = []
  let spans: CollectedSpan[] = []
  let points: CollectedPoint[] = []

  const server = await listenOnLoopback(port, async (request, response) => {
    const bytes = await bytesOf(request)
    const path = pathOf(request)
    requests.push({ path, headers: headersOf(request), text: bytes.toString('latin1') })
    const { fault } = collector
    const now = fault && takeFault(fault, () => (collector.fault = undefined))
    if (now?.kind === 'nonsense') return void response.writeHead(200).end('<html>{"partialSuccess":')
    if (now && (await misbehave(now, response))) return
    try {
      if (path.endsWith('/v1/traces')) spans.push(...readSpans(bodyOf(request, bytes, tracesMessage)))
      else if (path.endsWith('/v1/metrics')) points.push(...readPoints(bodyOf(request, bytes, metricsMessage)))
      else return void response.writeHead(404).end()
    } catch (error) {
      return void response.writeHead(400).end(String(error))
    }
    response.writeHead(200, { 'content-type': String(request.headers['content-type']) }).end()
  })

  const collector: Collector = {
    url: `http://127.0.0.1:${server.port}`,
    spans: () => spans,
    points: (metric) => points.filter((point) => point.metric === metric),
    total: (metric, wanted = {}) =>
      points
        .filter((point) => point.metric === metric)
        .filter(({ attributes }) => Object.entries(wanted).every(([name, value]) => attributes[name] === value))
        .reduce((sum, { kind, value, count }) => sum + (kind === 'histogram' ? count : value), 0),
    requests: () => requests,
    fault: undefined,
    reset() {
      requests.length = 0
      spans = []
      points = []
      collector.fault = undefined
    },
    stop: server.stop,
  }
  return collector
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
}

function bodyOf(request: IncomingMessage, bytes: Buffer, message: (bytes: Buffer) => unknown): unknown {
  const { 'content-type': type } = request.headers
  if (type === 'application/json') return JSON.parse(bytes.toString('utf8'))
  if (type === 'application/x-protobuf') return message(bytes)
  throw new Error(`content type ${type}`)
}

const readSpans = (body: unknown): readonly CollectedSpan[] =>
  v.parse(traces, body).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ startTimeUnixNano, endTimeUnixNano, attributes, status, parentSpanId, ...span }) => ({
        ...span,
        parentSpanId,
        start: Number(startTimeUnixNano) / 1e6,
        end: Number(endTimeUnixNano) / 1e6,
        attributes: namesOf(attributes),
        failed: status?.code === 2,
        resource: namesOf(resource.attributes),
      })),
    ),
  )

const readPoints = (body: unknown): readonly CollectedPoint[] =>
  v.parse(metrics, body).resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ name, unit, gauge, sum, histogram }) => {
        const about = { metric: name, unit, resource: namesOf(resource.attributes) }
        const numbers = (kind: 'sum' | 'gauge', from: v.InferOutput<typeof numberPoints> = []) =>
          from.map((point) => ({
            ...about,
            kind,
            attributes: namesOf(point.attributes),
            value: Number(point.asInt ?? point.asDouble ?? 0),
            count: 0,
          }))
        return [
          ...numbers('gauge', gauge?.dataPoints),
          ...numbers('sum', sum?.dataPoints),
          ...(histogram?.dataPoints ?? []).map((point) => ({
            ...about,
            kind: 'histogram' as const,
            attributes: namesOf(point.attributes),
            value: point.sum,
            count: Number(point.count),
          })),
        ]
      }),
    ),
  )

const namesOf = (attributes: v.InferOutput<typeof attribute>[]) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue ?? Number.NaN)] as const),
  )
