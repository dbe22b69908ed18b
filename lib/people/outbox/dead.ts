import type { Log } from '../../base/log.ts'
import type { Store } from '../../store/store.ts'
import type { EventType } from './event-types.ts'
import {
  deadCollection,
  deadKey,
  deadLifetime,
  lifetime,
  type OutboxRecord,
  openRecord,
  readDeadKey,
  type Seal,
  waitingKey,
} from './message.ts'

/** A message that could not be delivered within three days. */
export interface DeadMessage {
  readonly id: string
  readonly type: EventType
  readonly person?: string | undefined
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Seconds since the epoch. */
  readonly diedAt: number
  readonly attempts: number
  /** Why the last attempt failed; absent if the receiver was never asked. */
  readonly failure?: string | undefined
}

interface Storage {
  readonly store: Store
  readonly seal: Seal<OutboxRecord>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Moves a message to the dead ones. It is stored there before it is removed from the outbox. */
export async function bury(
  { store, seal, now, log }: Storage & { readonly log: Log },
  record: OutboxRecord,
  signal: AbortSignal,
): Promise<void> {
  const diedAt = Math.floor(now() / 1000)
  const key = deadKey(diedAt + deadLifetime, record)
  await store.create(key, { sealed: seal.seal({ ...record, key, diedAt }) }, signal)
  await store.remove(record.key, signal)
  log('crm_webhook_dead', { id: record.id, type: record.type, sub: record.person, reason: record.failure })
}

/** Lists a page of the dead messages, the oldest first. Throws `StoreUnavailable`. */
export async function listDead(
  { store, seal }: Storage,
  signal: AbortSignal,
  cursor?: string,
): Promise<{ readonly messages: readonly DeadMessage[]; readonly next?: string }> {
  const page = await store.list(`${deadCollection}/`, signal, cursor)
  const messages: DeadMessage[] = []
  for (let i = 0; i < page.keys.length; i += atOnce) {
    const records = await Promise.all(page.keys.slice(i, i + atOnce).map((key) => read({ store, seal }, key, signal)))
    messages.push(...records.flatMap((record) => (record === null ? [] : [described(record)])))
  }
  return page.next === undefined ? { messages } : { messages, next: page.next }
}

const atOnce = 16

function described({ id, type, person, at, diedAt = 0, attempts, failure }: OutboxRecord): DeadMessage {
  return { id, type, person, at, diedAt, attempts, failure }
}

async function read(
  { store, seal }: Pick<Storage, 'store' | 'seal'>,
  key: string,
  signal: AbortSignal,
): Promise<OutboxRecord | null> {
  const stored = await store.get(key, signal)
  return stored && openRecord(seal, key, stored.value)
}

/**
 * Puts a dead message back into the outbox, where it is tried for another three days, with the same id.
 *
 * @returns whether there was such a message
 */
export async function replay(storage: Storage, id: string, signal: AbortSignal): Promise<boolean> {
  for await (const key of deadKeys(storage.store, signal)) {
    if (readDeadKey(key)?.id === id && (await revive(storage, key, signal))) return true
  }
  return false
}

/** Puts every dead message back into the outbox. Returns how many. A further call continues where this one stopped. */
export async function replayAll(storage: Storage, signal: AbortSignal): Promise<number> {
  let revived = 0
  for await (const key of deadKeys(storage.store, signal)) if (await revive(storage, key, signal)) revived += 1
  return revived
}

/**
 * Seals the dead messages under the current secret, so that a previous one can be dropped within the 90 days that they are kept. A
 * further call continues where this one stopped. Throws `StoreUnavailable`.
 */
export async function sealDeadAnew(
  { store, seal }: Pick<Storage, 'store' | 'seal'>,
  signal: AbortSignal,
): Promise<void> {
  for await (const key of deadKeys(store, signal)) {
    const stored = await store.get(key, signal)
    const record = stored && openRecord(seal, key, stored.value)
    if (!stored || !record) continue
    const sealed = seal.seal(record)
    if (headerOf(sealed) === headerOf(String(stored.value.sealed))) continue
    await store.replace(key, { ...stored.value, sealed }, stored.version, signal)
  }
}

/** The header of a sealed value names its key, and is the same for every value of one purpose and key. */
const headerOf = (sealed: string) => sealed.slice(0, sealed.indexOf('.'))

async function* deadKeys(store: Store, signal: AbortSignal): AsyncGenerator<string> {
  let cursor: string | undefined
  do {
    const page = await store.list(`${deadCollection}/`, signal, cursor)
    yield* page.keys
    cursor = page.next
  } while (cursor !== undefined)
}

/** Moves a dead message to the outbox. It is stored there before it is removed here. */
async function revive(storage: Storage, from: string, signal: AbortSignal): Promise<boolean> {
  const record = await read(storage, from, signal)
  if (record === null) return false
  const { diedAt: _, failure: __, ...message } = record
  const due = Math.floor(storage.now() / 1000)
  const key = waitingKey({ ...message, due, giveUpAt: due + lifetime })
  await storage.store.create(key, { sealed: storage.seal.seal({ ...message, key, attempts: 0 }) }, signal)
  await storage.store.remove(from, signal)
  return true
}
