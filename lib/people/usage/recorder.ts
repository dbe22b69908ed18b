import { setTimeout as delay } from 'node:timers/promises'
import { withDeadline } from '../../base/deadline.ts'
import type { Log } from '../../base/log.ts'
import { StoreUnavailable } from '../../store/store.ts'
import type { Company } from '../company.ts'
import type { Person } from '../person.ts'
import type { UsageEvent, UsageRecorder } from './event.ts'
import { countedEvent, eventKey } from './event-key.ts'
import type { EventStores } from './event-stores.ts'
import type { PseudonymSource } from './pseudonyms.ts'
import { dayOfSlice } from './time.ts'

export interface UsageRecorderOptions {
  readonly events: EventStores
  readonly pseudonyms: Pick<PseudonymSource, 'load'>
  readonly companyOf: (person: Person) => Company | null
  readonly log: Log
  /** Milliseconds for all attempts to write one event. Default 60,000. */
  readonly timeout?: number
  /** Milliseconds before the second attempt; each later pause is twice as long. Default 500. */
  readonly firstPause?: number
}

/** Makes the recorder. Each event costs one `put`. Before the first event, the recorder reads the key of the pseudonyms once. */
export function createUsageRecorder(options: UsageRecorderOptions): UsageRecorder {
  const { events, pseudonyms, companyOf, log, timeout = 60_000, firstPause = 500 } = options

  async function write(event: UsageEvent, signal: AbortSignal): Promise<void> {
    const company = event.person === undefined ? undefined : companyOf(event.person)?.id
    // The key is made once, so a repeated write has the same key and does not count twice.
    let key: string | undefined
    let slice = ''
    for (let pause = firstPause; ; pause *= 2) {
      try {
        if (key === undefined) {
          const counted = countedEvent(event, company, await pseudonyms.load(signal))
          key = eventKey(counted)
          slice = counted.slice
        }
        return await events.of(dayOfSlice(slice)).put(key, {}, signal)
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || signal.aborted) throw error
        await delay(pause, undefined, { signal }).catch(() => {
          throw error
        })
      }
    }
  }

  return {
    async record(event, signal) {
      try {
        await withDeadline(timeout, (inTime) => write(event, inTime), signal)
      } catch (error) {
        const { kind } = event.what
        log('usage_event_lost', { kind, at: event.at, reason: error instanceof Error ? error.name : 'unknown' })
      }
    },
  }
}
