import type { Store } from '../../store/store.ts'
import type { HeldRecord, Place } from '../privacy/place.ts'
import {
  deadCollection,
  type OutboxRecord,
  openRecord,
  outboxCollection,
  readDeadKey,
  readWaitingKey,
  type Seal,
} from './message.ts'

/** The collections with messages about people, and how to read the person from a key. */
const collections = [
  { prefix: `${outboxCollection}/`, read: readWaitingKey },
  { prefix: `${deadCollection}/`, read: readDeadKey },
]

/** Messages to the CRM about a person, waiting or dead. They are found by their keys, without opening any other. */
export function messagesPlace({ store, seal }: { readonly store: Store; readonly seal: Seal<OutboxRecord> }): Place {
  async function* keysAbout(person: string, signal: AbortSignal): AsyncGenerator<string> {
    for (const { prefix, read } of collections) {
      let cursor: string | undefined
      do {
        const page = await store.list(prefix, signal, cursor)
        yield* page.keys.filter((key) => read(key)?.person === person)
        cursor = page.next
      } while (cursor !== undefined)
    }
  }
  return {
    keys: 'outbox/<due>/<given up at>.<id>.<sub>, dead-webhooks/<end>/<id>.<sub>',
    name: 'crmMessages',
    async *read(sub, signal): AsyncGenerator<HeldRecord> {
      for await (const key of keysAbout(sub, signal)) {
        const stored = await store.get(key, signal)
        const record = stored && openRecord(seal, key, stored.value)
        if (record) yield { key, value: { id: record.id, type: record.type, body: JSON.parse(record.body) } }
      }
    },
    async forget(sub, signal) {
      for await (const key of keysAbout(sub, signal)) await store.remove(key, signal)
    },
  }
}
