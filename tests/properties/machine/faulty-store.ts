import { AsyncLocalStorage } from 'node:async_hooks'
import { type Store, StoreUnavailable, type StoreValue, type WriteResult } from '../../../lib/store/store.ts'

/**
 * The fault of one request, from its operation number `at` on (the first is 0):
 * - `down`: this operation and all later ones fail without an effect;
 * - `lost`: this operation takes effect, but its answer is lost;
 * - `late`: this write gets no answer, and takes effect later, if its condition still holds then;
 * - `landed`, `repeated`: this write is sent twice, because the first attempt got no answer. The first attempt took
 *   effect (`landed`) or did not (`repeated`). `lib/store/blobs/blobs.ts` describes how the adapter resolves this.
 */
export interface Fault {
  readonly kind: 'down' | 'lost' | 'late' | 'landed' | 'repeated'
  readonly at: number
}

/** One request, as the store counts its operations. */
export interface StoreClient {
  readonly fault: Fault | undefined
  /** Waits for the turn of this request among the concurrent ones. */
  readonly turn: () => Promise<void>
  operations: number
  /** Whether a fault has affected this request. */
  disturbed: boolean
  /** Whether a write of this request, other than a tombstone, had an attempt without an answer. */
  unclear: boolean
}

export interface FaultyStore {
  readonly store: Store
  /** Runs work and counts its operations for `client`. */
  as<T>(client: StoreClient, work: () => Promise<T>): Promise<T>
  /** Applies the oldest late write, if its condition still holds. Returns `false` if there is none. */
  land(): Promise<boolean>
}

export const storeClient = (turn: () => Promise<void>, fault: Fault | undefined): StoreClient => ({
  fault,
  turn,
  operations: 0,
  disturbed: false,
  unclear: false,
})

/** Keys for which the order of operations decides. Work on other keys may continue after the answer. */
const isRacedFor = (key: string) => key.startsWith('grants/') || key.startsWith('limits/')

/** Wraps a store so that it fails as `Fault` describes. */
export function createFaultyStore(inner: Store): FaultyStore {
  const clients = new AsyncLocalStorage<StoreClient>()
  const late: (() => Promise<unknown>)[] = []

  /** @param effect the operation itself, which is atomic */
  async function read<T>(key: string, effect: () => Promise<T>): Promise<T> {
    const client = clients.getStore()
    if (!client) return effect()
    const fault = await arrive(client, key)
    if (fault === undefined || fault === 'landed' || fault === 'repeated') return effect()
    throw unavailable(client)
  }

  async function write(
    key: string,
    value: StoreValue,
    expected: string | undefined,
    effect: () => Promise<WriteResult>,
  ): Promise<WriteResult> {
    const client = clients.getStore()
    if (!client) return effect()
    const fault = await arrive(client, key)
    if (fault === undefined) return effect()
    if (fault === 'down') throw unavailable(client)
    client.unclear ||= key.startsWith('grants/') && value.revokedAt === undefined
    if (fault === 'lost') await effect()
    if (fault === 'late') late.push(effect)
    if (fault === 'lost' || fault === 'late') throw unavailable(client)

    client.disturbed = true
    const first = fault === 'landed' ? await effect() : undefined
    await turnOf(client, key)
    const second = await effect()
    if (second.won) return second
    await turnOf(client, key)
    const found = await inner.get(key, new AbortController().signal)
    if (first?.won && found?.version === first.version) return first
    if (found === null || found.version === expected) throw unavailable(client)
    return { won: false, ambiguous: true }
  }

  /** An unconditional write, for which a second attempt makes no difference. */
  async function put(key: string, effect: () => Promise<void>): Promise<void> {
    const client = clients.getStore()
    if (!client) return effect()
    const fault = await arrive(client, key)
    if (fault === 'late') late.push(effect)
    else if (fault !== 'down') await effect()
    if (fault === 'late' || fault === 'lost' || fault === 'down') throw unavailable(client)
  }

  async function arrive(client: StoreClient, key: string): Promise<Fault['kind'] | undefined> {
    await turnOf(client, key)
    const number = client.operations++
    const { fault } = client
    return fault && (fault.at === number || (fault.kind === 'down' && fault.at < number)) ? fault.kind : undefined
  }

  return {
    store: {
      ...inner,
      get: (key, signal) => read(key, () => inner.get(key, signal)),
      create: (key, value, signal) => write(key, value, undefined, () => inner.create(key, value, signal)),
      replace: (key, value, version, signal) =>
        write(key, value, version, () => inner.replace(key, value, version, signal)),
      put: (key, value, signal) => put(key, () => inner.put(key, value, signal)),
      list: (prefix, signal, cursor) => read(prefix, () => inner.list(prefix, signal, cursor)),
    },
    as: (client, work) => clients.run(client, work),
    async land() {
      const effect = late.shift()
      await effect?.()
      return effect !== undefined
    },
  }
}

async function turnOf(client: StoreClient, key: string): Promise<void> {
  if (isRacedFor(key)) await client.turn()
}

function unavailable(client: StoreClient): StoreUnavailable {
  client.disturbed = true
  return new StoreUnavailable('an injected fault')
}

/**
 * Runs several tasks concurrently, with one store operation at a time. When all tasks wait, the next number of `order`
 * chooses the task that continues, so that the same order gives the same interleaving.
 */
export async function interleave<T>(
  order: readonly number[],
  work: readonly ((turn: () => Promise<void>) => Promise<T>)[],
): Promise<readonly T[]> {
  const waiting: (() => void)[] = []
  let busy = work.length
  let allWait: () => void = () => undefined
  const rest = () => {
    busy -= 1
    if (busy === 0) allWait()
  }
  const turn = () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve)
      rest()
    })
  const results = Promise.allSettled(work.map((piece) => piece(turn).finally(rest)))
  for (let number = 0; ; number++) {
    await new Promise<void>((resolve) => {
      allWait = resolve
      if (busy === 0) resolve()
    })
    if (waiting.length === 0) break
    const [next] = waiting.splice((order[number] ?? 0) % waiting.length, 1)
    busy += 1
    next?.()
  }
  return (await results).map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
