/** What a handler learns about a call besides its request. */
export interface Call {
  /** Fires when the time for the call is over. All work for the answer ends with it. */
  readonly signal: AbortSignal
  readonly requestId: string
  /** The caller's IP address as the platform tells it. Absent: no limit by address applies. */
  readonly address?: string
  /** Keeps the instance running for work that goes on after the answer. */
  readonly waitUntil: (work: Promise<unknown>) => void
}
