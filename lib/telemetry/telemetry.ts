import { randomBytes } from 'node:crypto'
import type { LogFields } from '../base/log.ts'
import { levels, rankOf } from '../base/log-level.ts'
import type { Trace } from '../base/request.ts'
import type { Attributes } from './attributes.ts'
import { type DescribeOptions, describeMeasure } from './describe.ts'
import { eventMetrics, toolAttributes } from './event-metrics.ts'
import type { Measure } from './measure.ts'
import { createMeter } from './meter.ts'
import { createSampler, type SamplerName } from './sampler.ts'
import type { Exporter, Source, Span } from './source.ts'

export interface TelemetryOptions extends DescribeOptions {
  readonly sampler: { readonly name: SamplerName; readonly ratio: number }
  /** The services that are told of a trace. */
  readonly propagateTo: readonly string[]
  readonly exporter: (source: Source) => Exporter
  /** Path of the readiness check, whose answers set `mcp_oauth.ready`. */
  readonly readinessPath: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Spans that an instance holds until they are sent. Further ones are dropped and counted. */
const mostSpans = 2048
/** Spans of one trace that are sent. A scheduled run may work on thousands of records. */
const mostOfTrace = 512

/** Makes spans and metrics of what the service measures. */
export function createTelemetry(options: TelemetryOptions) {
  const meter = createMeter(options.now)
  const isSampled = createSampler(options.sampler.name, options.sampler.ratio)
  const sizes = new WeakMap<Trace, number>()
  /** What was learned about a request while it was under way. */
  const notes = new WeakMap<Trace, Record<string, Attributes[string]>>()
  let spans: Span[] = []
  const exporter = options.exporter({
    takeSpans: () => spans.splice(0),
    returnSpans(given) {
      const kept = given.slice(0, Math.max(0, mostSpans - spans.length))
      drop('spans', given.length - kept.length)
      spans = [...kept, ...spans]
    },
    meter,
  })

  const drop = (what: string, count: number) =>
    count > 0 && meter.record('mcp_oauth.telemetry.dropped', count, { 'mcp_oauth.signal': what })

  function noteOf(trace: Trace): Record<string, Attributes[string]> {
    const known = notes.get(trace) ?? {}
    notes.set(trace, known)
    return known
  }

  function addSpan(measure: Measure, span: Pick<Span, 'name' | 'kind' | 'attributes' | 'failed'>): void {
    const { trace, at, took } = measure
    if (!trace || !isSampled(trace)) return
    const size = (sizes.get(trace) ?? 0) + 1
    sizes.set(trace, size)
    if (spans.length >= mostSpans || size > mostOfTrace) return void drop('spans', 1)
    const isRequest = measure.kind === 'request'
    spans.push({
      trace,
      spanId: isRequest ? trace.spanId : (measure.spanId ?? newSpanId()),
      parentSpanId: isRequest ? trace.parentSpanId : trace.spanId,
      start: at,
      end: at + took,
      ...span,
      // One object for the request, so that what is learned after the answer is in its span as well.
      attributes: isRequest ? Object.assign(noteOf(trace), span.attributes) : span.attributes,
    })
  }

  function takeEvent(event: string, fields: LogFields, trace: Trace | undefined): void {
    meter.record('mcp_oauth.events', 1, { 'mcp_oauth.event': event, 'mcp_oauth.level': levels[rankOf(event)] })
    const rule = Object.hasOwn(eventMetrics, event) ? eventMetrics[event] : undefined
    const counted = rule?.(fields)
    if (counted) meter.record(counted.metric, counted.value ?? 1, counted.attributes)
    if (event === 'mcp_call' && trace) Object.assign(noteOf(trace), toolAttributes(fields))
  }

  return {
    take(measure: Measure): void {
      if (measure.kind === 'event') {
        takeEvent(measure.name, fieldsOf(measure.result), measure.trace)
        return
      }
      const described = describeMeasure(measure, options)
      if (!described) return
      const { metric, ...span } = described
      meter.record(metric, measure.took / 1000, span.attributes)
      if (span.attributes['http.route'] === options.readinessPath) {
        meter.record('mcp_oauth.ready', span.attributes['http.response.status_code'] === 200 ? 1 : 0)
      }
      addSpan(measure, span)
    },
    /** Returns the `traceparent` for a service that the operator wants to be told. Sets the span ID of the measure. */
    propagate(measure: Measure): string | undefined {
      const { kind, name, trace } = measure
      if (kind !== 'upstream' || !trace || !options.propagateTo.includes(name)) return undefined
      measure.spanId = newSpanId()
      return `00-${trace.traceId}-${measure.spanId}-0${isSampled(trace) ? 1 : 0}`
    },
    gauge: meter.record,
    /** Sends everything once the work of a request is over. Never throws. */
    async flush({ pending }: Trace): Promise<void> {
      while (pending.length > 0) await Promise.allSettled(pending.splice(0))
      await exporter.send()
    },
  }
}

const newSpanId = () => randomBytes(8).toString('hex')

const isFields = (value: unknown): value is LogFields => typeof value === 'object' && value !== null
const fieldsOf = (value: unknown): LogFields => (isFields(value) ? value : {})
