/**
 * Where the service says what it is doing. Nothing here knows OpenTelemetry: while telemetry is on, `lib/service/observer.ts` is
 * the observer, and `lib/telemetry/` makes spans and metrics of what it takes.
 */

/** Learns what the service does. */
export interface Observer {
  /**
   * Does a piece of work and measures it. `work` gets the `traceparent` for the service that it asks, if that service is to know.
   *
   * @param name the method of a request, the operation of the store, or the service that is asked
   * @param detail the URL of a request, the method and the URL of a request to a service, or the key or prefix in the store. Only
   * known parts of it are ever sent.
   */
  measure<T>(kind: MeasureKind, name: string, detail: string, work: Work<T>): Promise<T>
  /** Returns the same store, whose operations are measured. */
  store<T extends object>(store: T): T
  /** Takes an event of the log. */
  event(name: string, fields: object | undefined): void
  /** Learns of work that goes on after the answer. */
  pending(work: Promise<unknown>): void
}

export type MeasureKind = 'request' | 'store' | 'upstream'
export type Work<T> = (traceparent?: string) => Promise<T>

/** Holds the observer. It is empty while telemetry is off, and then nothing is measured. */
export const observed: { by?: Observer } = {}

/** Sends a request to another service, and measures it if telemetry is on. */
export const measured = <T>(service: string, request: string, work: Work<T>): Promise<T> =>
  observed.by ? observed.by.measure('upstream', service, request, work) : work()
