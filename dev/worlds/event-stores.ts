import type { EventStore, EventStores } from '../../lib/people/usage/event-stores.ts'
import { createMemoryStore } from '../../lib/store/memory.ts'

/** Stores of events in this process, one for each day, for unit tests. */
export function memoryEventStores(): EventStores & { readonly days: ReadonlyMap<string, EventStore> } {
  const days = new Map<string, EventStore>()
  return {
    days,
    of(day) {
      const known = days.get(day)
      if (known) return known
      const memory = createMemoryStore()
      const store: EventStore = {
        put: memory.put,
        list: memory.list,
        remove: memory.remove,
        async removeAll(signal) {
          for (let page = await memory.list('', signal); page.keys.length > 0; page = await memory.list('', signal)) {
            for (const key of page.keys) await memory.remove(key, signal)
          }
        },
      }
      days.set(day, store)
      return store
    },
  }
}
