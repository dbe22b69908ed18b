import { expect } from 'vitest'
import { type Store, type Stored, StoreUnavailable } from '../../lib/store/store.ts'
import { won } from './store-contract.ts'

/** For tests of stores under faults: every operation in every situation, and a race. */

const { signal } = new AbortController()

/** The values that the operation under test and an earlier writer put into the store. */
export const mine = { by: 'this call' }
export const theirs = { by: 'someone else' }

/** Reads what is really stored, past every fault. */
export type ReadTruth = (key: string) => Promise<Stored | null>

/** Every operation in every situation. Where one returns, its result must be the truth. */
export const storeOperations = (
  truth: ReadTruth,
): Readonly<Record<string, (store: Store, key: string) => Promise<void>>> => ({
  async 'create of a new key'(store, key) {
    const version = won(await store.create(key, mine, signal))
    expect(await truth(key)).toEqual({ value: mine, version })
  },
  async 'create of a key that exists'(store, key) {
    expect((await store.create(key, mine, signal)).won).toBe(false)
  },
  async 'replace of the current version'(store, key) {
    const current = (await truth(key))?.version ?? ''
    const version = won(await store.replace(key, mine, current, signal))
    expect(await truth(key)).toEqual({ value: mine, version })
  },
  async 'replace of an old version'(store, key) {
    expect((await store.replace(key, mine, 'outdated', signal)).won).toBe(false)
  },
  async 'get of a key that exists'(store, key) {
    expect((await store.get(key, signal))?.value).toEqual(theirs)
  },
  async 'get of a key that does not'(store, key) {
    expect(await store.get(key, signal)).toBeNull()
  },
  async put(store, key) {
    await store.put(key, mine, signal)
    expect((await truth(key))?.value).toEqual(mine)
  },
  async remove(store, key) {
    await store.remove(key, signal)
    expect(await truth(key)).toBeNull()
  },
  async list(store, key) {
    expect(await store.list(key, signal)).toEqual({ keys: [key] })
  },
})

/** Whether a record of another writer exists before the operation. */
export const needsRecord = (operation: string): boolean => /exists|replace|remove|list|put/.test(operation)
/** Whether that record must still exist afterwards. */
export const keepsRecord = (operation: string): boolean => /create of a key that exists|old version/.test(operation)

/**
 * Lets 50 callers create one record at a store that loses answers. At most one may win. The record must be that of the winner; if
 * there is none, that of a caller to which the store was unavailable.
 */
export async function raceWithLostAnswers(store: Store, key: string, truth: ReadTruth): Promise<void> {
  const results = await Promise.all(
    Array.from({ length: 50 }, async (_, racer) => {
      const result = await store.create(key, { racer }, signal).catch((error: unknown) => error)
      if (result instanceof StoreUnavailable) return { racer, outcome: 'unavailable' }
      return { racer, outcome: result }
    }),
  )
  const winners = results.filter(({ outcome }) => outcome !== 'unavailable' && 'version' in Object(outcome))
  const unsure = results.filter(({ outcome }) => outcome === 'unavailable')
  expect(winners.length).toBeLessThanOrEqual(1)
  const possible = winners.length === 1 ? winners : unsure
  expect(possible.map(({ racer }) => ({ racer }))).toContainEqual((await truth(key))?.value)
}
