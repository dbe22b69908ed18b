import { type CountedEvent, readEventKey } from './event-key.ts'
import type { EventStore } from './event-stores.ts'

/** Reads the events whose keys begin with a prefix: their keys say everything. Throws `StoreUnavailable`. */
export async function* listEvents(
  store: Pick<EventStore, 'list'>,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<{ readonly key: string; readonly event: CountedEvent }> {
  let cursor: string | undefined
  do {
    const page = await store.list(prefix, signal, cursor)
    for (const key of page.keys) {
      const event = readEventKey(key)
      if (event) yield { key, event }
    }
    cursor = page.next
  } while (cursor !== undefined)
}

/** All of them at once. */
export async function eventsUnder(
  store: Pick<EventStore, 'list'>,
  prefixes: readonly string[],
  signal: AbortSignal,
): Promise<readonly CountedEvent[]> {
  const lists = prefixes.map(async (prefix) => {
    const events: CountedEvent[] = []
    for await (const { event } of listEvents(store, prefix, signal)) events.push(event)
    return events
  })
  return (await Promise.all(lists)).flat()
}
