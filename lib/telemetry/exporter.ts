import { withDeadline } from '../base/deadline.ts'
import type { Log } from '../base/log.ts'
import { toJson } from '../base/well-formed.ts'
import { metricsMessage, type Origin, tracesMessage } from './otlp.ts'
import { encode, type Fields, metricsFields, tracesFields } from './protobuf.ts'
import type { Exporter, Source } from './source.ts'

export interface ExporterOptions extends Origin {
  /** Where each signal goes. Absent: it is not sent. */
  readonly urls: { readonly traces: string | undefined; readonly metrics: string | undefined }
  readonly headers: Readonly<Record<string, string>>
  readonly protocol: 'http/protobuf' | 'http/json'
  /** Milliseconds for one request. */
  readonly timeout: number
  readonly log: Log
}

/** Statuses after which the same request may succeed (OTLP/HTTP, "Retryable Response Codes"). */
const retryable = new Set([429, 502, 503, 504])
/** Milliseconds until a collector that failed is asked again: the first time, and at most. */
const pauses = { first: 1000, most: 300_000 }

/** Makes an exporter that sends spans and metrics by OTLP over HTTP. */
export function createExporter(options: ExporterOptions, source: Source): Exporter {
  const { urls } = options
  const traces = createChannel(options, 'traces', urls.traces, tracesFields)
  const metrics = createChannel(options, 'metrics', urls.metrics, metricsFields)
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined

  async function sendTraces(): Promise<void> {
    if (!traces.isOpen()) return
    const spans = source.takeSpans()
    if (spans.length > 0 && !(await traces.send(tracesMessage(spans, options)))) source.returnSpans(spans)
  }

  async function sendMetrics(): Promise<void> {
    if (!metrics.isOpen()) return
    const collected = source.meter.collect()
    if (collected && !(await metrics.send(metricsMessage(collected, options)))) source.meter.restore(collected)
  }

  function send(): Promise<void> {
    if (running) {
      next ??= running.then(() => {
        next = undefined
        return send()
      })
      return next
    }
    running = Promise.all([sendTraces(), sendMetrics()]).then(() => {
      running = undefined
    })
    return running
  }

  return { send }
}

/**
 * Makes the way to one address. After a failure it is closed for a time that doubles, or that the collector names. The log says
 * once that the collector fails, until it accepts something again.
 */
function createChannel(
  { headers, protocol, timeout, now, log }: ExporterOptions,
  signal: 'traces' | 'metrics',
  url: string | undefined,
  fields: Fields,
) {
  let failures = 0
  let closedUntil = 0

  /** Returns why the collector did not take a message, and whether it may take it later. */
  async function post(message: object): Promise<{ reason: string; again: boolean; wait?: number } | null> {
    try {
      const json = protocol === 'http/json'
      const response = await withDeadline(timeout, (inTime) =>
        fetch(url ?? '', {
          method: 'POST',
          headers: { ...headers, 'content-type': json ? 'application/json' : 'application/x-protobuf' },
          body: json ? toJson(message) : new Uint8Array(encode(message, fields)),
          // A redirect would carry our headers to another server.
          redirect: 'manual',
          signal: inTime,
        }),
      )
      // Nothing of the answer is read. A part that the collector refused would be refused again.
      response.body?.cancel().catch(() => undefined)
      if (response.ok) return null
      const seconds = Number(response.headers.get('retry-after'))
      const wait = Number.isFinite(seconds) ? seconds * 1000 : 0
      return { reason: `HTTP ${response.status}`, again: retryable.has(response.status), wait }
    } catch (error) {
      return { reason: connectionFault(error), again: true }
    }
  }

  return {
    /** Whether a message may be sent now. */
    isOpen: () => now() >= closedUntil,
    /** Returns `false` if the message should be sent again later. Never throws. */
    async send(message: object): Promise<boolean> {
      if (url === undefined) return true
      const failure = await post(message)
      if (!failure) {
        failures = 0
        return true
      }
      if (failures === 0) log('telemetry_failed', { signal, reason: failure.reason })
      const pause = Math.max(pauses.first * 2 ** failures, failure.wait ?? 0)
      closedUntil = now() + Math.min(pause, pauses.most)
      failures += 1
      return !failure.again
    },
  }
}

/** Node's code of a connection that failed, such as `ECONNREFUSED`, or the name of the error. */
function connectionFault(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { cause } = error
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : error.name
}
