/** What the host knows about a request besides the request itself. */
export interface Caller {
  /** The IP address of the caller, never from a header that the caller wrote. If absent, no limit by address applies. */
  readonly address?: string | undefined
  /** Stands in the log. Default: a new one. */
  readonly requestId?: string
  /** Keeps the process running for work after the answer. `settled()` waits for this work as well. */
  readonly waitUntil?: (work: Promise<unknown>) => void
}
