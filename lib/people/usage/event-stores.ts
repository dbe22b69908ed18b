import type { Store } from '../../store/store.ts'
import type { Day } from './time.ts'

/** The store of the events of one day. It holds nothing else, so that all of it can be removed at once. */
export interface EventStore extends Pick<Store, 'put' | 'remove' | 'list'> {
  /** Removes everything. A call that was cut off is continued by the next one. Throws `StoreUnavailable`. */
  removeAll(signal: AbortSignal): Promise<void>
}

/** Returns the name of the store of the events of a day. */
export const eventStoreName = (storeName: string, day: Day): string => `${storeName}-usage-${day}`

export interface EventStores {
  of(day: Day): EventStore
}
