import type { Trace } from '../base/request.ts'
import type { Attributes } from './attributes.ts'
import type { Meter } from './meter.ts'

export interface Span {
  readonly trace: Trace
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: 'server' | 'client'
  /** Milliseconds since the epoch. */
  readonly start: number
  readonly end: number
  readonly attributes: Attributes
  readonly failed: boolean
}

/** What an exporter takes from. */
export interface Source {
  /** Takes the spans that wait. */
  takeSpans(): readonly Span[]
  /** Gives back spans that could not be sent. */
  returnSpans(spans: readonly Span[]): void
  readonly meter: Pick<Meter, 'collect' | 'restore'>
}

export interface Exporter {
  /**
   * Sends what the source holds. Concurrent callers share a request: what comes while one is under way goes with the next. Never
   * throws.
   */
  send(): Promise<void>
}
