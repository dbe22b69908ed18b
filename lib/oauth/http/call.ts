/** What surrounds one request. */
export interface Call {
  /** The deadline of the request. Every call to the store, to the keys and to the provider ends with it. */
  readonly signal: AbortSignal
  /** Names the request in the log and on error pages. */
  readonly requestId: string
  /** The IP address of the caller, as the platform reports it. If absent, no limit per address applies. */
  readonly address?: string
  /** Keeps the function alive until work that does not delay the answer is done. */
  readonly waitUntil: (work: Promise<unknown>) => void
}

/** Answers one endpoint. Throws `OAuthError`, `StoreUnavailable`, and the errors that `isOurFault` recognizes. */
export type Handler = (request: Request, call: Call) => Promise<Response> | Response
