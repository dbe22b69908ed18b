import * as v from 'valibot'
import { type EventType, eventTypes } from './event-types.ts'

/** One message to the CRM. It stays the same at every attempt. */
export interface Message {
  /** The receiver's idempotency key: the same event always has the same id. Letters, digits, `_` and `-`. */
  readonly id: string
  readonly type: EventType
  /** The `sub` of the person whom the message is about; absent if it is about a company. */
  readonly person?: string | undefined
  /** When the event happened, in milliseconds since the epoch. */
  readonly at: number
  /** The JSON text that the receiver gets. */
  readonly body: string
}

/** What a record of the outbox holds, sealed. `key` is the record's own key: a record copied to another key does not open. */
export const recordSchema = v.object({
  key: v.string(),
  id: v.string(),
  type: v.picklist(eventTypes),
  person: v.optional(v.string()),
  at: v.number(),
  body: v.string(),
  /** Attempts that the scheduled function has made. */
  attempts: v.number(),
  /** Why the last attempt failed, such as `HTTP 503` or `TimeoutError`. */
  failure: v.optional(v.string()),
  /** Seconds since the epoch: when the message was given up. */
  diedAt: v.optional(v.number()),
})
export type OutboxRecord = v.InferOutput<typeof recordSchema>

/** Seals what the store keeps. Without it, a writer of the store could have us sign a webhook (N26). */
export interface Seal<Payload> {
  seal(payload: Payload): string
  /** Returns `null` for a value that this service did not seal for this purpose. */
  open(value: string): Payload | null
}

/** Seconds for which a message is tried. */
export const lifetime = 3 * 86_400

/** Seconds for which a dead message can be replayed. */
export const deadLifetime = 90 * 86_400

/** The collections in the store. */
export const outboxCollection = 'outbox'
export const deadCollection = 'dead-webhooks'

/** What the key of a waiting message says. Times in seconds since the epoch. */
export interface Waiting {
  readonly due: number
  readonly giveUpAt: number
  readonly id: string
  readonly person?: string | undefined
}

/** The key of a waiting message: `outbox/<due>/<when it is given up>.<id>.<sub, or ->`. */
export const waitingKey = ({ due, giveUpAt, id, person = '-' }: Waiting) =>
  `${outboxCollection}/${due}/${giveUpAt}.${id}.${person}`

/** Reads the key of a waiting message. `null` for a key that this service did not make. */
export function readWaitingKey(key: string): Waiting | null {
  const [, due, giveUpAt, id = '', person = ''] = /^outbox\/(\d{10})\/(\d{10})\.([\w-]+)\.([\w-]+)$/.exec(key) ?? []
  const times = { due: Number(due), giveUpAt: Number(giveUpAt) }
  if (!(times.due <= times.giveUpAt && times.giveUpAt <= times.due + lifetime)) return null
  return { ...times, id, person: person === '-' ? undefined : person }
}

/** The key of a dead message: `dead-webhooks/<when it is removed>/<id>.<sub, or ->`. */
export const deadKey = (
  end: number,
  { id, person = '-' }: { readonly id: string; readonly person?: string | undefined },
) => `${deadCollection}/${end}/${id}.${person}`

/** Reads the id and the person from the key of a dead message. */
export function readDeadKey(key: string): { readonly id: string; readonly person?: string | undefined } | null {
  const [, id, person] = /^dead-webhooks\/\d{10}\/([\w-]+)\.([\w-]+)$/.exec(key) ?? []
  return id === undefined ? null : { id, person: person === '-' ? undefined : person }
}

/** Opens a record. `null` if it is not sealed, or was sealed for another key. */
export function openRecord(
  seal: Seal<OutboxRecord>,
  key: string,
  value: { readonly sealed?: unknown },
): OutboxRecord | null {
  const record = typeof value.sealed === 'string' ? seal.open(value.sealed) : null
  return record?.key === key ? record : null
}
