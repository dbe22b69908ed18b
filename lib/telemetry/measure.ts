import type { Trace } from '../base/request.ts'
import type { MeasureKind } from '../base/telemetry.ts'

/** A piece of work that took time, or an event of the log. */
export interface Measure {
  readonly kind: MeasureKind | 'event'
  readonly name: string
  readonly detail?: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Milliseconds that it took. */
  took: number
  /** The answer, what the store returned, or the fields of the event. */
  result?: unknown
  error?: unknown
  readonly trace?: Trace | undefined
  /** Its own span, if another service was told of it. */
  spanId?: string
}
