import { createSealing } from '../../lib/oauth/keys/sealing.ts'
import { type OutboxRecord, recordSchema, type Seal } from '../../lib/people/outbox/message.ts'
import { type ReceiverState, receiverSchema } from '../../lib/people/outbox/receiver.ts'
import type { Store } from '../../lib/store/store.ts'

/** Seals of the outbox under a secret of this process. */
export function createOutboxSeals(): { readonly seal: Seal<OutboxRecord>; readonly sealState: Seal<ReceiverState> } {
  const current = new Uint8Array(Buffer.from('a secret of the outbox in tests, 32 bytes and more'))
  const sealing = createSealing('https://docs.example.com', { current, previous: [], retired: [] })
  return {
    seal: sealing.encrypted('outbox-message', recordSchema),
    sealState: sealing.encrypted('outbox-receiver', receiverSchema),
  }
}

/** What a receiver does with one POST: a status and headers, an error before or after it has read the message, or nothing. */
export type Conduct =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | 'refused connection'
  | 'lost answer'

export interface Arrival {
  readonly id: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** A receiver in this process, with a clock that the test moves. */
export function createTestReceiver(start = Date.parse('2027-01-15T08:00:00Z')) {
  const arrivals: Arrival[] = []
  let conduct: (id: string) => Conduct = () => ({ status: 204 })
  let attempts = 0
  let open = 0
  let mostAtOnce = 0
  let time = start
  const receive: typeof fetch = async (_url, init) => {
    const headers = Object.fromEntries(new Headers(init?.headers))
    const id = headers['webhook-id'] ?? ''
    const answer = conduct(id)
    attempts += 1
    open += 1
    mostAtOnce = Math.max(mostAtOnce, open)
    await Promise.resolve()
    open -= 1
    if (answer === 'refused connection') throw new TypeError('fetch failed')
    const isAccepted = answer === 'lost answer' || (answer.status >= 200 && answer.status < 300)
    if (isAccepted) arrivals.push({ id, headers, body: String(init?.body), at: time })
    if (answer === 'lost answer') throw new TypeError('fetch failed')
    return new Response(null, { status: answer.status, headers: answer.headers ?? {} })
  }
  return {
    fetch: receive,
    /** What the receiver has accepted. */
    arrivals,
    attempts: () => attempts,
    mostAtOnce: () => mostAtOnce,
    behave: (next: (id: string) => Conduct) => {
      conduct = next
    },
    now: () => time,
    pass: (seconds: number) => {
      time += seconds * 1000
    },
  }
}

/** Stands for a process that was killed: the store does nothing more for it. */
class Killed extends Error {
  override readonly name = 'Killed'
}

export const isKilled = (error: unknown) => error instanceof Killed

/**
 * A store as one process sees it that is killed at its operation number `at` (the first is 0).
 *
 * @param effect whether that operation still takes effect
 */
export function storeOfKilled(
  inner: Store,
  at: number,
  effect: boolean,
): Store & { readonly operations: () => number } {
  let number = 0
  const operation = async <T>(run: () => Promise<T>): Promise<T> => {
    const own = number++
    if (own > at) throw new Killed()
    if (own < at) return run()
    if (effect) await run()
    throw new Killed()
  }
  return {
    operations: () => number,
    get: (...given) => operation(() => inner.get(...given)),
    create: (...given) => operation(() => inner.create(...given)),
    replace: (...given) => operation(() => inner.replace(...given)),
    put: (...given) => operation(() => inner.put(...given)),
    remove: (...given) => operation(() => inner.remove(...given)),
    list: (...given) => operation(() => inner.list(...given)),
  }
}
