import { type CountedEvent, minutePrefixes, readEventKey, slicePrefix } from './event-key.ts'
import type { EventStore } from './event-stores.ts'
import type { Slice } from './time.ts'

/**
 * Reads the events whose keys begin with a prefix. It only lists keys, because a key holds every fact of its event. Throws
 * `StoreUnavailable`.
 */
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

/** Returns all of these events in one list. */
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

/** Reads the events of ten minutes. If they fill more than one page of a list, the ten minutes are listed in parallel. */
export async function eventsOfSlice(
  store: Pick<EventStore, 'list'>,
  slice: Slice,
  signal: AbortSignal,
): Promise<readonly CountedEvent[]> {
  const { keys, next } = await store.list(slicePrefix(slice), signal)
  if (next !== undefined) return eventsUnder(store, minutePrefixes(slice), signal)
  return keys.map(readEventKey).filter((event) => event !== null)
}
