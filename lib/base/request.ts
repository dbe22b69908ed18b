import { AsyncLocalStorage } from 'node:async_hooks'

/** The part of a platform's context that telemetry reads. */
export interface Invocation {
  readonly requestId: string
  readonly deploy: { readonly context: string }
  waitUntil(work: Promise<unknown>): void
}

/** The trace of one request. */
export interface Trace {
  /** 32 hexadecimal digits: those of the caller's `traceparent`, or random ones. */
  readonly traceId: string
  /** The span of the request, 16 hexadecimal digits. */
  readonly spanId: string
  /** The caller's span, and the flags of its `traceparent`. Absent: the trace begins here. */
  readonly parentSpanId?: string | undefined
  readonly flags?: string | undefined
  /** Work that goes on after the answer. The spans are sent when it is over. */
  readonly pending: Promise<unknown>[]
}

/** The request whose work is under way. */
export interface CurrentRequest {
  /** What every line of the log says about the request. */
  readonly line: {
    readonly requestId: string
    /** The code of the attempt that the request belongs to, once it is known. */
    attempt?: string
    readonly trace_id?: string | undefined
  }
  /** Absent: telemetry is off. */
  readonly trace?: Trace | undefined
}

export const requests = new AsyncLocalStorage<CurrentRequest>()
