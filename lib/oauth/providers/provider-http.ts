import { readBody } from '../../base/body.ts'
import { untilAborted, withDeadline } from '../../base/deadline.ts'
import { isObject, jsonOf } from '../../base/json.ts'
import { createSingleFlight } from '../../base/single-flight.ts'
import { measured } from '../../base/telemetry.ts'
import { ProviderError } from './provider.ts'

/** How a request to the provider ended. */
export type Delivery =
  | { readonly kind: 'answered'; readonly status: number; readonly contentType: string; readonly text: string }
  /** There was no connection, so the provider has seen nothing. */
  | { readonly kind: 'unsent' }
  /** The provider may have seen it, but its answer was late, broken off or too large. */
  | { readonly kind: 'lost' }

export interface ProviderRequest {
  readonly url: string
  readonly headers?: Headers
  /** The body of a POST. If absent, the request is a GET. */
  readonly body?: URLSearchParams
}

/** The most bytes of an answer. */
const maxAnswer = 512 * 1024

/**
 * Sends a request, and once more after a fault that may have passed (F-13). The signal covers both attempts. Follows no redirect.
 *
 * @returns `doubtful`: the provider may have acted on an attempt that got no whole answer
 */
export async function ask(
  request: ProviderRequest,
  signal: AbortSignal,
): Promise<{ readonly delivery: Delivery; readonly doubtful: boolean }> {
  if (signal.aborted) return { delivery: { kind: 'unsent' }, doubtful: false }
  const first = await attempt(request, signal)
  const doubtful = first.kind === 'lost'
  const heals = first.kind !== 'answered' || first.status === 429 || first.status >= 500
  if (!heals || signal.aborted) return { delivery: first, doubtful }
  const delivery = await attempt(request, signal)
  return { delivery, doubtful: doubtful || delivery.kind === 'lost' }
}

async function attempt({ url, headers, body }: ProviderRequest, signal: AbortSignal): Promise<Delivery> {
  const method = body === undefined ? 'GET' : 'POST'
  try {
    const response = await measured('provider', `${method} ${url}`, () =>
      fetch(url, {
        method,
        headers: headers ?? { accept: 'application/json' },
        body: body ?? null,
        redirect: 'manual',
        signal,
      }),
    )
    const bytes = await readBody(response.body, maxAnswer)
    if (bytes === null && response.ok) return { kind: 'lost' }
    const text = new TextDecoder().decode(bytes ?? undefined)
    return { kind: 'answered', status: response.status, contentType: response.headers.get('content-type') ?? '', text }
  } catch (error) {
    return { kind: !signal.aborted && neverConnected(error) ? 'unsent' : 'lost' }
  }
}

const connecting = new Set(['connect', 'getaddrinfo'])
const beforeSending =
  /^(?:E(?:CONNREFUSED|NOTFOUND|AI_AGAIN|HOSTUNREACH|NETUNREACH|PROTO)|UND_ERR_CONNECT_TIMEOUT|(?:ERR_TLS|ERR_SSL|CERT|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)_.*)$/

/** Whether nothing of the request was sent: no name, no route, no listener or no TLS. */
function neverConnected(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof Error)) return false
  if ('syscall' in cause && connecting.has(String(cause.syscall))) return true
  return 'code' in cause && beforeSending.test(String(cause.code))
}

/** Returns the JSON object in a text, or `null`. */
export function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  const value = jsonOf(text)
  return isObject(value) ? value : null
}

/** Whether a status is any success. Proxies that rewrite answers send 203, and some frameworks answer every POST with 201. */
export const isSuccess = (status: number) => status >= 200 && status < 300

/** Reads a document that the provider publishes. Throws `ProviderError` of kind `passing`. */
export async function readDocument(
  what: string,
  url: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const { delivery } = await ask({ url }, signal)
  if (delivery.kind !== 'answered') {
    throw new ProviderError('passing', `the provider's ${what}: no answer`)
  }
  const document = isSuccess(delivery.status) ? objectOf(delivery.text) : null
  if (document) return document
  const reason = isSuccess(delivery.status) ? 'not a JSON object' : `status ${delivery.status}`
  throw new ProviderError('passing', `the provider's ${what}: ${reason}`)
}

/** Milliseconds for a document that several requests wait for. */
const sharedTimeout = 6000

/** Makes a reader that concurrent callers share. One that disconnects does not cancel it. */
export function createSharedReading<T>(read: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  const reading = createSingleFlight<T>()
  return async (signal) => {
    try {
      const shared = reading.run('document', () => withDeadline(sharedTimeout, read))
      return await untilAborted(shared, signal)
    } catch (error) {
      if (error instanceof ProviderError) throw error
      throw new ProviderError('passing', 'the provider did not answer in time', { cause: error })
    }
  }
}

/**
 * Limits how often a document is read again because a token does not fit it. Anyone can invent such a token, so at most so many
 * useless readings are allowed within so many seconds. A reading that helped does not count.
 *
 * @param now milliseconds since the epoch
 */
export function createRereading(
  now: () => number,
  { most, seconds }: { readonly most: number; readonly seconds: number },
) {
  let fruitless: number[] = []
  return {
    allowed() {
      fruitless = fruitless.filter((at) => now() - at < seconds * 1000)
      return fruitless.length < most
    },
    wasFruitless() {
      fruitless.push(now())
    },
  }
}
