import { expect, test } from 'vitest'
import { createMemoryStore } from '../../store/memory.ts'
import { eventKey, minutePrefixes, noId } from './event-key.ts'
import { eventsOfSlice } from './raw-events.ts'
import { startOfSlice } from './time.ts'

const slice = '20261130102'
const { signal } = new AbortController()

/** A store with so many events, spread over the ten minutes, which notes what is listed and how much at once. */
async function storeWith(events: number) {
  const store = createMemoryStore()
  for (let index = 0; index < events; index++) {
    const at = startOfSlice(slice) + Math.floor((index * 600_000) / events)
    const event = { slice, at, person: noId, company: noId, client: noId, what: 'call.ask', outcome: 'ok', milliseconds: 5, nonce: `n${index}` } // biome-ignore format: one line
    await store.put(eventKey(event), {}, signal)
  }
  const listed: string[] = []
  let atOnce = 0
  let most = 0
  const list: typeof store.list = async (prefix, ...rest) => {
    listed.push(prefix)
    most = Math.max(most, ++atOnce)
    const page = await store.list(prefix, ...rest)
    await new Promise(setImmediate)
    atOnce--
    return page
  }
  return { list, listed, most: () => most }
}

test('ten minutes of one page are listed once', async () => {
  const { list, listed } = await storeWith(1000)
  expect(await eventsOfSlice({ list }, slice, signal)).toHaveLength(1000)
  expect(listed).toHaveLength(1)
})

test('ten busy minutes are listed side by side, and each event is read once', async () => {
  const { list, listed, most } = await storeWith(12_345)
  const events = await eventsOfSlice({ list }, slice, signal)
  expect(new Set(events.map(({ nonce }) => nonce)).size).toBe(12_345)
  expect(events).toHaveLength(12_345)
  expect(new Set(listed.slice(1))).toEqual(new Set(minutePrefixes(slice)))
  expect(most()).toBe(10)
})
