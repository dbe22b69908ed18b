import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type BlobsEmulator, startBlobsEmulator } from '../../../dev/blobs/emulator.ts'
import type { FaultInput } from '../../../dev/blobs/faults.ts'
import { won } from '../../../dev/worlds/store-contract.ts'
import {
  keepsRecord,
  mine,
  needsRecord,
  raceWithLostAnswers,
  storeOperations,
  theirs,
} from '../../../dev/worlds/store-operations.ts'
import { times } from '../../../dev/worlds/times.ts'
import { defined } from '../../base/defined.ts'
import { type Store, type Stored, StoreUnavailable, type WriteResult } from '../store.ts'
import { createBlobsStore } from './blobs.ts'

const name = 'faults'
const { signal } = new AbortController()
let emulator: BlobsEmulator
let store: Store
beforeAll(async () => {
  emulator = await startBlobsEmulator()
  store = createBlobsStore({ name, client: emulator.clientOptions(), attemptTimeout: 20_000, retryDelays: [1, 2] })
})
beforeEach(() => emulator.reset())
afterAll(() => emulator.stop())

/** Returns what is actually stored. */
function truth(key: string): Stored | null {
  const stored = emulator.inspect(name, key)
  return stored && { value: JSON.parse(stored.body).value, version: stored.etag.slice(1, -1) }
}

/** Returns the methods of the requests that `operation` causes. */
async function requestsOf(operation: () => Promise<unknown>): Promise<string[]> {
  const after = emulator.operations().at(-1)?.sequence ?? 0
  await operation().catch(() => {})
  return emulator.operations(after).map(({ method }) => method)
}

const operations = storeOperations(async (key) => truth(key))

/**
 * The method of each operation, and the results that it must never return: `truths` are statuses that state a fact (a 412 is a
 * loss), and a service that lies with such a status cannot be detected.
 */
const requests: Readonly<
  Record<string, { readonly method: FaultInput['method'] & string; readonly truths: readonly number[] }>
> = {
  'create of a new key': { method: 'PUT', truths: [412] },
  'create of a key that exists': { method: 'PUT', truths: [] },
  'replace of the current version': { method: 'PUT', truths: [412] },
  'replace of an old version': { method: 'PUT', truths: [] },
  'get of a key that exists': { method: 'GET', truths: [404] },
  'get of a key that does not': { method: 'GET', truths: [404] },
  put: { method: 'PUT', truths: [] },
  remove: { method: 'DELETE', truths: [200, 204, 404] },
  list: { method: 'LIST', truths: [204, 404] },
}
const statuses = [
  200, 201, 204, 205, 302, 304, 400, 401, 403, 404, 408, 409, 412, 413, 424, 429, 500, 502, 503, 504, 599,
]
const faults: FaultInput[] = [
  { action: 'slow' },
  ...(['before', 'after'] as const).flatMap((when): FaultInput[] => [
    ...statuses.map((status): FaultInput => ({ action: 'status', status, when })),
    { action: 'drop', when },
    { action: 'hang', when },
  ]),
]

describe.each(Object.entries(operations))('%s', (situation, run) => {
  const { method, truths } = requests[situation] ?? expect.fail()
  const possible = faults.filter((fault) => fault.action !== 'status' || !truths.includes(fault.status))

  /** All faults at once, each on its own key. */
  function underFaults(hasty: Store, count: number | undefined) {
    return Promise.all(
      possible.map(async (fault, index) => {
        const key = `${situation.replaceAll(' ', '-')}/${count ?? 'always'}/${index}.`
        if (needsRecord(situation)) await store.put(key, theirs, signal)
        emulator.addFault(defined({ ...fault, method, key: `^${key}$`, count }))
        const outcome: unknown = await run(hasty, key).catch((error: unknown) => error)
        return { fault, outcome, stored: truth(key)?.value }
      }),
    )
  }

  test('under a permanent fault, returns the truth or `unavailable` [O-04 O-05]', async () => {
    const hasty = createBlobsStore({ name, client: emulator.clientOptions(), attemptTimeout: 60, retryDelays: [1, 2] })
    for (const { fault, outcome, stored } of await underFaults(hasty, undefined)) {
      if (outcome !== undefined) expect(outcome, JSON.stringify(fault)).toBeInstanceOf(StoreUnavailable)
      if (keepsRecord(situation)) expect(stored, JSON.stringify(fault)).toEqual(theirs)
    }
  })

  test('under a fault that happens once, including a refusal, returns the truth', async () => {
    // A hanging operation is aborted after this time; all others must finish within it.
    const once = createBlobsStore({
      name,
      client: emulator.clientOptions(),
      attemptTimeout: 2_000,
      retryDelays: [1, 2],
    })
    for (const { fault, outcome, stored } of await underFaults(once, 1)) {
      expect(outcome, JSON.stringify(fault)).toBeUndefined()
      if (keepsRecord(situation)) expect(stored, JSON.stringify(fault)).toEqual(theirs)
    }
  })
})

describe('lost answers', () => {
  test('a create whose answer was lost has won, after one repetition and one read [O-05]', async () => {
    emulator.addFault({ action: 'drop', when: 'after', method: 'PUT', count: 1 })
    expect(await requestsOf(async () => won(await store.create('lost', mine, signal)))).toEqual(['PUT', 'PUT', 'GET'])
  })

  test('a replace whose answers were all lost has won too [O-05]', async () => {
    await store.put('all-lost', theirs, signal)
    const version = (await store.get('all-lost', signal))?.version ?? ''
    emulator.addFault({ action: 'status', status: 503, when: 'after', method: 'PUT' })
    const next = won(await store.replace('all-lost', mine, version, signal))
    expect(await store.get('all-lost', signal)).toEqual({ value: mine, version: next })
  })

  test('a write that took effect, got no answer and was overwritten since is an ambiguous loss', async () => {
    const version = won(await store.create('overtaken', { generation: 0 }, signal))
    const patient = createBlobsStore({
      name,
      client: emulator.clientOptions(),
      attemptTimeout: 4_000,
      retryDelays: [1],
    })
    const overtake = async (key: string, write: () => Promise<WriteResult>) => {
      emulator.addFault({ action: 'hang', when: 'after', method: 'PUT', key: `^${key}$`, count: 1 })
      const result = write()
      await vi.waitFor(() => expect(truth(key)?.value).toEqual(mine), { interval: 1 })
      await store.put(key, theirs, signal)
      expect(await result).toEqual({ won: false, ambiguous: true })
    }
    await Promise.all([
      overtake('overtaken', () => patient.replace('overtaken', mine, version, signal)),
      overtake('overtaken-create', () => patient.create('overtaken-create', mine, signal)),
    ])
  })

  test('an unclear write over an unchanged record is unavailable, never a loss', async () => {
    const version = won(await store.create('unclear', theirs, signal))
    emulator.addFault({ action: 'status', status: 503, method: 'PUT' })
    await expect(store.replace('unclear', mine, version, signal)).rejects.toThrow(StoreUnavailable)
    await expect(store.create('unclear-new', mine, signal)).rejects.toThrow(StoreUnavailable)
  })

  test('a write that cannot be read back is unavailable, never a loss', async () => {
    emulator.addFault({ action: 'drop', when: 'after', method: 'PUT', count: 1 })
    emulator.addFault({ action: 'status', status: 500, method: 'GET' })
    await expect(store.create('unreadable', mine, signal)).rejects.toThrow(StoreUnavailable)
  })

  test('a race with lost answers has at most one winner, and the record is from the winner or from a caller that got 503 [O-03 O-05]', async () => {
    for (let round = 0; round < times(10, 40); round++) {
      emulator.clearFaults()
      emulator.addFault({ action: 'drop', when: 'after', method: 'PUT', count: 3 })
      emulator.addFault({ action: 'status', status: 503, when: 'after', method: 'PUT', count: 3 })
      emulator.addFault({ action: 'status', status: 409, method: 'PUT', count: 3 })
      emulator.addFault({ action: 'status', status: 503, method: 'GET', count: 10 })
      await raceWithLostAnswers(store, `race/${round}`, async (key) => truth(key))
    }
  })
})

describe('requests', () => {
  test('an operation without a fault sends exactly one, to the strong endpoint [O-03]', async () => {
    expect(await requestsOf(() => store.create('one', mine, signal))).toEqual(['PUT'])
    const version = (await store.get('one', signal))?.version ?? ''
    expect(await requestsOf(() => store.create('one', mine, signal))).toEqual(['PUT'])
    expect(await requestsOf(() => store.replace('one', mine, version, signal))).toEqual(['PUT'])
    expect(await requestsOf(() => store.replace('one', mine, version, signal))).toEqual(['PUT'])
    expect(await requestsOf(() => store.get('one', signal))).toEqual(['GET'])
    expect(await requestsOf(() => store.put('one', mine, signal))).toEqual(['PUT'])
    expect(await requestsOf(() => store.list('o', signal))).toEqual(['LIST'])
    expect(await requestsOf(() => store.remove('one', signal))).toEqual(['DELETE'])
    expect(emulator.operations().some(({ cached }) => cached)).toBe(false)
  })

  test.each([429, 503])(
    'status %i for all: three per operation, and three more to read a write back',
    async (status) => {
      emulator.addFault({ action: 'status', status })
      const [put, get] = [Array(3).fill('PUT'), Array(3).fill('GET')]
      expect(await requestsOf(() => store.create('down', mine, signal))).toEqual([...put, ...get])
      expect(await requestsOf(() => store.replace('down', mine, 'version', signal))).toEqual([...put, ...get])
      expect(await requestsOf(() => store.put('down', mine, signal))).toEqual(put)
      expect(await requestsOf(() => store.get('down', signal))).toEqual(get)
      expect(await requestsOf(() => store.remove('down', signal))).toEqual(Array(3).fill('DELETE'))
      expect(await requestsOf(() => store.list('down', signal))).toEqual(Array(3).fill('LIST'))
    },
  )

  test.each([400, 401, 403, 404])(
    'status %i for a write: the write is repeated once, and then the status is final [O-04]',
    async (status) => {
      emulator.addFault({ action: 'status', status, method: 'PUT' })
      for (const write of [
        () => store.create('refused', mine, signal),
        () => store.replace('refused', mine, 'version', signal),
        () => store.put('refused', mine, signal),
      ]) {
        expect(await requestsOf(write)).toEqual(['PUT', 'PUT'])
        await expect(write()).rejects.toThrow(StoreUnavailable)
      }
    },
  )

  test.each([400, 401, 403])(
    'status %i for a read, a removal or a list: repeated once, and then final',
    async (status) => {
      emulator.addFault({ action: 'status', status })
      expect(await requestsOf(() => store.get('refused', signal))).toEqual(['GET', 'GET'])
      expect(await requestsOf(() => store.remove('refused', signal))).toEqual(['DELETE', 'DELETE'])
      expect(await requestsOf(() => store.list('refused', signal))).toEqual(['LIST', 'LIST'])
      await expect(store.get('refused', signal)).rejects.toThrow(StoreUnavailable)
    },
  )

  test('a refusal between other faults counts as one', async () => {
    emulator.addFault({ action: 'status', status: 503, method: 'PUT', count: 1 })
    emulator.addFault({ action: 'status', status: 403, method: 'PUT', count: 1 })
    won(await store.create('between', mine, signal))
    expect(truth('between')?.value).toEqual(mine)
  })

  test('a refused write that took effect has won, and is not taken for the write of another caller', async () => {
    emulator.addFault({ action: 'status', status: 403, when: 'after', method: 'PUT', count: 1 })
    expect(await requestsOf(async () => won(await store.create('landed', mine, signal)))).toEqual(['PUT', 'PUT', 'GET'])
  })
})
