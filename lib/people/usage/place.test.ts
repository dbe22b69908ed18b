import { expect, test } from 'vitest'
import { memoryEventStores } from '../../../dev/worlds/event-stores.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { companyOf } from '../company.ts'
import { createNameRecorder } from './names.ts'
import { usagePlaces } from './place.ts'
import { createPseudonymSource } from './pseudonyms.ts'
import { createUsageRecorder } from './recorder.ts'
import { rollUp } from './roll-up.ts'
import { startOfDay } from './time.ts'

const { signal } = new AbortController()
const first = startOfDay('20261128')
const now = startOfDay('20261130') + 10 * 3_600_000
const sub = `u_${'a'.repeat(43)}`
const other = `u_${'b'.repeat(43)}`
const sealer = {
  kid: 'one',
  seal: ({ key }: { key: string }) => `sealed ${key}`,
  open: (sealed: string) => ({ key: sealed.slice(7) }),
}

async function all<Row>(rows: AsyncIterable<Row>): Promise<readonly Row[]> {
  const found: Row[] = []
  for await (const row of rows) found.push(row)
  return found
}

test('a person is found in events, slices, days, the summary and the indexes, and forgotten everywhere; the numbers stay', async () => {
  const store = createMemoryStore()
  const events = memoryEventStores()
  let time = first
  const log = recorded()
  const pseudonyms = createPseudonymSource({ store, issuerHash: 'issuer', sealer, now: () => time })
  const recorder = createUsageRecorder({ events, pseudonyms, companyOf, log })
  const recordNames = createNameRecorder({ store, pseudonyms, companyOf })
  const options = { store, events, pseudonyms, now: () => time }
  for (const who of [sub, other]) {
    const person = { email: `${who}@engines.example`, emailVerified: true }
    await recordNames({ sub: who, ...person, client: { hash: 'h' }, grant: 'grants/x', at: first / 1000 }, signal)
    // A composed day, a rolled-up slice of today, and a minute ago.
    for (const at of [first, now - 3 * 3_600_000, now - 60_000]) {
      const what = { kind: 'call', tool: 'ask' } as const
      await recorder.record({ at, sub: who, person, what, outcome: { kind: 'ok' }, milliseconds: 5 })
    }
  }
  time = now
  const rolled = { ...options, log, beingForgotten: async () => [], nameOf: async () => ({}), retention: { peopleDays: 90, days: 400 } } // biome-ignore format: one line
  await rollUp(rolled, signal)

  /** Every key and value of all stores. */
  async function everything(): Promise<string> {
    const texts: string[] = []
    for (const key of (await store.list('', signal)).keys) {
      texts.push(key, JSON.stringify((await store.get(key, signal))?.value))
    }
    for (const day of events.days.values()) texts.push(...(await day.list('', signal)).keys)
    return texts.join('\n')
  }
  const name = (await pseudonyms.load(signal)).person(sub)
  const before = await everything()
  expect(before).toContain(sub)
  expect(before.split(name).length).toBeGreaterThan(4)

  const places = usagePlaces(options)
  const held = await Promise.all(places.map((place) => all(place.read(sub, signal))))
  expect(held.map((records) => records.length)).toEqual([2, 2, 1, 1, 1])
  // Cut off and repeated: each place twice.
  for (const place of [...places, ...places]) await place.forget(sub, signal)
  const after = await everything()
  expect(after).not.toContain(sub)
  expect(after).not.toContain(name)
  expect(after).toContain(other)
  expect(await Promise.all(places.map((place) => all(place.read(sub, signal))))).toEqual(places.map(() => []))

  time = startOfDay('20261201') + 3_600_000
  await rollUp(rolled, signal)
  const cells = (await store.get('usage-days/20261130', signal))?.value.cells
  expect(cells).toEqual([expect.stringMatching(/^- call\.ask ok 4 /)])
})
