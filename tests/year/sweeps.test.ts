import { describe, expect, test } from 'vitest'
import { createSortedKeys } from '../../dev/blobs/sorted-keys.ts'
import { dayBefore } from '../../lib/base/days.ts'
import { sweepDays, sweepEnded } from '../../lib/limits/sweep.ts'
import { newGrantKey, subjectOf } from '../../lib/oauth/grants/record.ts'
import { sweepGrants } from '../../lib/oauth/grants/sweep.ts'
import { type Store, StoreUnavailable } from '../../lib/store/store.ts'
import type { Swept } from '../../lib/store/sweep.ts'

/** The sweeps with a million records that have ended beside a million that live: what they cost is what has ended. */

const million = 1_000_000
const pageSize = 1000
const now = Date.UTC(2026, 10, 30, 12)
const second = Math.floor(now / 1000)
const { signal } = new AbortController()

/** A store of keys without values, which counts its operations, and is unavailable after so many. */
function countingStore(keysOf: Iterable<string>) {
  const keys = createSortedKeys()
  let size = 0
  for (const key of keysOf) {
    keys.add(key)
    size += 1
  }
  const counts = { lists: 0, removes: 0 }
  let left = Number.POSITIVE_INFINITY
  const take = () => {
    left -= 1
    if (left < 0) throw new StoreUnavailable('the run is over')
  }
  const store: Pick<Store, 'list' | 'remove'> = {
    async list(prefix, _signal, cursor = '') {
      take()
      counts.lists += 1
      const page: string[] = []
      for (const key of keys.from(cursor > prefix ? cursor : prefix)) {
        if (!key.startsWith(prefix)) return { keys: page }
        if (key === cursor) continue
        if (page.length === pageSize) return { keys: page, next: page.at(-1) ?? '' }
        page.push(key)
      }
      return { keys: page }
    },
    async remove(key) {
      take()
      counts.removes += 1
      keys.remove(key)
      size -= 1
    },
  }
  return {
    store: store as Store,
    counts,
    size: () => size,
    /** Lets so many operations through. */
    allow(operations: number) {
      left = operations
    },
  }
}

function* numbered(count: number, keyOf: (index: number) => string): Generator<string> {
  for (let index = 0; index < count; index++) yield keyOf(index)
}

function* both(ended: Iterable<string>, live: Iterable<string>): Generator<string> {
  yield* ended
  yield* live
}

const sub = subjectOf('https://login.example/', 'ada')
/** Grants that end at a time, in the order of their numbers. Random ids of a million would take longer than the sweep. */
function grantAt(milliseconds: number): (index: number) => string {
  const key = newGrantKey(sub, Math.floor(milliseconds / 1000))
  const parent = key.slice(0, key.lastIndexOf('/') + 1)
  return (index) => `${parent}${String(index).padStart(7, '0')}`
}
const today = new Date(now).toISOString().slice(0, 10).replaceAll('-', '')

const sweeps: readonly [
  string,
  { ended: (index: number) => string; live: (index: number) => string; run: (store: Store) => Promise<Swept> },
][] = [
  [
    'counts of limits',
    {
      ended: (index) => `limits/${second - 400 - (index % 3000)}/calls/x/${index}`,
      live: (index) => `limits/${second + 60 + (index % 3000)}/calls/x/${index}`,
      run: (store) => sweepEnded(store, 'limits', now, signal),
    },
  ],
  [
    'steps of attempts',
    {
      ended: (index) => `attempts/20261001/${index}/1.consent.ok`,
      live: (index) => `attempts/${today}/${index}/1.consent.ok`,
      run: (store) => sweepDays(store, 'attempts', dayBefore(now, 30), signal),
    },
  ],
  [
    'grants',
    {
      ended: grantAt(Date.UTC(2026, 8, 15)),
      live: grantAt(Date.UTC(2027, 2, 15)),
      run: (store) => sweepGrants(store, now, signal),
    },
  ],
]

describe.each(sweeps)('%s', (_what, { ended, live, run }) => {
  test('a million that have ended beside a million that live: one removal each, and a list for each thousand of them', async () => {
    const { store, counts, size } = countingStore(both(numbered(million, ended), numbered(million, live)))
    expect(await run(store)).toEqual({ removed: million, finished: true })
    expect(size()).toBe(million)
    expect(counts.removes).toBe(million)
    expect(counts.lists).toBeLessThanOrEqual(million / pageSize + 8)
  })

  test('none that has ended beside a million that live: a few lists', async () => {
    const { store, counts } = countingStore(numbered(million, live))
    expect(await run(store)).toEqual({ removed: 0, finished: true })
    expect(counts.removes).toBe(0)
    expect(counts.lists).toBeLessThanOrEqual(8)
  })

  test('a run that is cut off removes what it reached, and the next runs the rest, none of them twice', async () => {
    const { store, counts, size, allow } = countingStore(both(numbered(50_000, ended), numbered(50_000, live)))
    let runs = 0
    for (let finished = false; !finished; runs++) {
      allow(7_000)
      ;({ finished } = await run(store))
      expect(runs).toBeLessThan(20)
    }
    expect(size()).toBe(50_000)
    // Removals that were under way when a run was cut off are done again at most.
    expect(counts.removes).toBe(50_000)
    expect(runs).toBeGreaterThanOrEqual(8)
  })
})
