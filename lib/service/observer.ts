import { randomBytes } from 'node:crypto'
import { type Invocation, requests, type Trace } from '../base/request.ts'
import { type MeasureKind, observed, type Work } from '../base/telemetry.ts'
import { whenNeeded } from '../base/when-needed.ts'
import type { Measure } from '../telemetry/measure.ts'

/**
 * Measures the work of requests while telemetry is on. An instance loads this before its first answer, since measuring begins
 * then. What makes spans and metrics of it, and sends them, is loaded after the answer.
 */

/** Measures that an instance keeps until the rest is loaded. More are dropped. */
const mostEarly = 1000
const early: Measure[] = []

const load = whenNeeded(async () => {
  const started = (await import('./telemetry.ts')).startTelemetry()
  take = started.take
  propagate = started.propagate
  for (const measure of early.splice(0)) take(measure)
  return started
})

let take = (measure: Measure): void => {
  if (early.length < mostEarly) early.push(measure)
}
let propagate: ((measure: Measure) => string | undefined) | undefined

/** Loads everything at once, for work that no caller waits for and that may measure more than an instance keeps. */
export const loadTelemetry = load

/** Runs the work of one request as a span. Spans and metrics are sent after the answer: a frozen instance runs no timers. */
export function runObserved(request: Request, context: Invocation, work: () => Promise<Response>): Promise<Response> {
  observed.by = observer
  const trace = traceOf(request.headers.get('traceparent'))
  return requests.run({ line: { requestId: context.requestId, trace_id: trace.traceId }, trace }, async () => {
    // Only what is loaded tells other services of the trace.
    if (process.env.MCP_TRACE_UPSTREAMS) await load()
    try {
      return await observer.measure('request', request.method, request.url, work)
    } finally {
      context.waitUntil(
        afterAnswer()
          .then(load)
          .then(({ flush }) => flush(trace, context.deploy.context)),
      )
    }
  })
}

/** Lets the work of the answer, which is under way, go first. */
const afterAnswer = () => new Promise<void>((resolve) => setImmediate(resolve))

const observer = {
  async measure<T>(kind: MeasureKind, name: string, detail: string, work: Work<T>): Promise<T> {
    const began = performance.now()
    const measure: Measure = { kind, name, detail, at: Date.now(), took: 0, trace: requests.getStore()?.trace }
    try {
      const result = await work(propagate?.(measure))
      measure.result = result
      return result
    } catch (error) {
      measure.error = error
      throw error
    } finally {
      measure.took = performance.now() - began
      take(measure)
    }
  },

  store: <T extends object>(store: T): T =>
    new Proxy(store, {
      get(target, name) {
        const operation: unknown = Reflect.get(target, name)
        if (typeof operation !== 'function') return operation
        return (...given: readonly unknown[]) =>
          observer.measure('store', String(name), String(given[0]), async () => Reflect.apply(operation, target, given))
      },
    }),

  event(name: string, fields: object | undefined): void {
    take({ kind: 'event', name, at: Date.now(), took: 0, result: fields, trace: requests.getStore()?.trace })
  },

  pending(work: Promise<unknown>): void {
    requests.getStore()?.trace?.pending.push(work)
  },
}

/** The trace of the caller (W3C Trace Context §3.2), or a new one. */
function traceOf(traceparent: string | null): Trace {
  const [, traceId, parentSpanId, flags] =
    /^00-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})$/.exec(traceparent ?? '') ?? []
  const random = randomBytes(24).toString('hex')
  return { traceId: traceId ?? random.slice(16), spanId: random.slice(0, 16), parentSpanId, flags, pending: [] }
}
