import { startDeadline } from '../../base/deadline.ts'
import { defined } from '../../base/defined.ts'
import { measured } from '../../base/telemetry.ts'
import { retryAfter } from './schedule.ts'

/** The outcome of one POST. Only 2xx is a success. */
export type Outcome =
  | { readonly delivered: true }
  | {
      readonly delivered: false
      /** `HTTP <status>`, or the name of the error. */
      readonly failure: string
      /** `down`: the receiver has trouble. `gone`: it wants no more messages (410). `refused`: it does not want this one. */
      readonly kind: 'down' | 'gone' | 'refused'
      /** Seconds that the receiver asks us to wait. */
      readonly wait?: number | undefined
    }

export interface Post {
  /** The receiver, for telemetry. */
  readonly name: 'crm' | 'capture'
  /** From the operator's settings, never from a request: no stranger chooses where we send. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON text. */
  readonly body: string
  /** Milliseconds until the status of the answer. */
  readonly timeout: number
  readonly fetch: typeof fetch
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly signal: AbortSignal
}

/** Statuses below 500 with which a receiver says that it cannot take messages now. */
const passing = new Set([408, 425, 429])

/**
 * Sends one POST. It follows no redirect and reads nothing of the answer except its status and `Retry-After`. Never throws.
 */
export async function post({ name, url, headers, body, timeout, fetch, now, signal }: Post): Promise<Outcome> {
  const deadline = startDeadline(timeout, signal)
  try {
    const response = await measured(name, `POST ${url}`, (traceparent) =>
      fetch(url, {
        method: 'POST',
        headers: defined({ 'content-type': 'application/json', ...headers, traceparent }),
        body,
        // A redirect would turn the POST into a GET without a body, and look like a success.
        redirect: 'manual',
        signal: deadline.signal,
      }),
    )
    response.body?.cancel().catch(() => undefined)
    if (response.ok) return { delivered: true }
    const { status } = response
    const kind = status === 410 ? 'gone' : status >= 500 || passing.has(status) ? 'down' : 'refused'
    const wait = retryAfter(response.headers.get('retry-after'), Math.floor(now() / 1000))
    return { delivered: false, failure: `HTTP ${status}`, kind, wait }
  } catch (error) {
    return { delivered: false, failure: error instanceof Error ? error.name : 'unknown', kind: 'down' }
  } finally {
    deadline.end()
  }
}
