import { withDeadline } from '../base/deadline.ts'
import { parseStoredKeys, storeKeyOf } from '../oauth/keys/signing-keys.ts'
import { deadCollection, outboxCollection } from '../people/outbox/message.ts'
import { progress } from '../people/usage/roll-up.ts'
import { dayAfter, sliceMilliseconds, startOfDay, startOfSlice } from '../people/usage/time.ts'
import type { Site } from '../settings/site.ts'
import type { Store } from '../store/store.ts'
import { loadTelemetry } from './observer.ts'
import { storeOf } from './store.ts'

/** Milliseconds for all of them. A store that does not answer gives no values, and the alerts about missing values fire. */
const deadline = 3000
/** Pages of a collection that are counted. */
const mostPages = 10

/** Sets the gauges that no request shows: what waits in the outbox, how far usage is counted, how old the signing key is. */
export async function setGauges(site: Site): Promise<void> {
  const { gauge } = await loadTelemetry()
  const store = storeOf(site)
  const now = Date.now()
  await withDeadline(deadline, (signal) =>
    Promise.allSettled([
      ...(
        [
          ['waiting', outboxCollection],
          ['dead', deadCollection],
        ] as const
      ).map(async ([state, collection]) => {
        gauge('mcp_oauth.outbox.messages', await sizeOf(store, collection, signal), { 'mcp_oauth.state': state })
      }),
      lastCounted(store, signal).then((end) => {
        if (end !== undefined) gauge('mcp_oauth.usage.lag', (now - end) / 1000)
      }),
      store.get(storeKeyOf(site.issuer), signal).then((stored) => {
        const newest = stored && parseStoredKeys(stored.value).keys.at(-1)
        if (newest) gauge('mcp_oauth.signing_key.age', now / 1000 - newest.createdAt)
      }),
    ]),
  )
}

async function sizeOf(store: Store, collection: string, signal: AbortSignal): Promise<number> {
  let size = 0
  let cursor: string | undefined
  for (let pages = 0; pages < mostPages; pages++) {
    const page = await store.list(`${collection}/`, signal, cursor)
    size += page.keys.length
    cursor = page.next
    if (cursor === undefined) break
  }
  return size
}

/** When the newest counted slice of usage ended, in milliseconds. `undefined`: nothing has been counted yet. */
async function lastCounted(store: Store, signal: AbortSignal): Promise<number | undefined> {
  const { composed, counted } = await progress({ store, now: Date.now }, signal)
  const ends = [
    ...[...composed].map((day) => startOfDay(dayAfter(day))),
    ...[...counted.values()].flatMap((slices) => [...slices].map((slice) => startOfSlice(slice) + sliceMilliseconds)),
  ]
  return ends.length === 0 ? undefined : ends.reduce((latest, end) => Math.max(latest, end))
}
