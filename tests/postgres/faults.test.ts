import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Fault, type FaultyProxy, startProxy } from '../../dev/postgres/proxy.ts'
import type { PostgresServer } from '../../dev/postgres/server.ts'
import { won } from '../../dev/worlds/store-contract.ts'
import {
  keepsRecord,
  mine,
  needsRecord,
  raceWithLostAnswers,
  storeOperations,
  theirs,
} from '../../dev/worlds/store-operations.ts'
import { defined } from '../../lib/base/defined.ts'
import { type Store, StoreUnavailable, type WriteResult } from '../../lib/store/store.ts'
import { type OpenStore, openStore, startServer } from './place.ts'

const { signal } = new AbortController()
let server: PostgresServer
let proxy: FaultyProxy
/** Goes past the proxy. */
let truth: OpenStore
const opened: OpenStore[] = []

beforeAll(async () => {
  server = await startServer()
  proxy = await startProxy(server.port)
  truth = openStore(server.url())
})
beforeEach(() => proxy.clear())
afterAll(async () => {
  for (const store of opened) store.close()
  truth?.close()
  await proxy?.stop()
  await server?.stop()
})

const proxied = () => `postgres://postgres@127.0.0.1:${proxy.port}/postgres`

/** A store behind the proxy, whose schema is checked already. */
async function behindProxy(options: Parameters<typeof openStore>[1] = {}): Promise<OpenStore> {
  const store = openStore(proxied(), options)
  opened.push(store)
  // The first operation also connects, which takes longer on a busy machine than the time of one statement.
  await vi.waitFor(() => store.get('warm', signal), 30_000)
  return store
}

const readTruth = (key: string) => truth.get(key, signal)
const storedAt = async (key: string) => (await readTruth(key))?.value ?? null

const situations = storeOperations(readTruth)

/** The server has done nothing, and a repetition may succeed. */
const notDone = ['40001', '40P01', '53100', '53300', '55P03', '57014', '25006']
/** The server will never do it. */
const refused = ['22021', '28P01', '3D000', '42501', '42P01', '42703']
/** The outcome is unknown. The last ones end the connection. */
const unknown = ['40003', '08006', '08007', '58030', 'XX000', '57P01', '57P02', '57P03', '57P05']

type Kind = Fault extends infer One ? (One extends Fault ? Omit<One, 'statement' | 'count'> : never) : never
const answer = (code: string, when: Fault['when'], ends = /^57P|^08/.test(code)): Kind => ({
  action: 'answer',
  code,
  ends,
  when,
})
const cuts: readonly Kind[] = (['before', 'after'] as const).flatMap((when): Kind[] => [
  { action: 'drop', when },
  { action: 'hang', when },
])
const passing: readonly Kind[] = [
  ...cuts,
  ...notDone.map((code) => answer(code, 'before')),
  ...unknown.flatMap((code) => [answer(code, 'before'), answer(code, 'after')]),
]
const faults: readonly Kind[] = [...passing, ...refused.map((code) => answer(code, 'before'))]

describe.each(Object.entries(situations))('%s', (situation, run) => {
  /** One fault after the other, each on a key of its own. */
  async function under(store: Store, possible: readonly Kind[], count: number | undefined) {
    const results = []
    for (const [index, fault] of possible.entries()) {
      const key = `${situation.replaceAll(' ', '-')}/${count ?? 'always'}/${index}.`
      if (needsRecord(situation)) await truth.put(key, theirs, signal)
      proxy.clear()
      proxy.add(defined({ ...fault, statement: /mcp_oauth_broker[.]records/, count }))
      const outcome: unknown = await run(store, key).catch((error: unknown) => error)
      proxy.clear()
      results.push({ fault: JSON.stringify(fault), outcome, stored: await storedAt(key) })
    }
    return results
  }

  test('under a fault that stays, returns the truth or `unavailable` [O-05]', async () => {
    const store = await behindProxy({ attemptTimeout: 40, connections: 2 })
    for (const { fault, outcome, stored } of await under(store, faults, undefined)) {
      if (outcome !== undefined) expect(outcome, fault).toBeInstanceOf(StoreUnavailable)
      if (keepsRecord(situation)) expect(stored, fault).toEqual(theirs)
    }
  })

  test('under a fault that happens once, returns the truth', async () => {
    const store = await behindProxy({ attemptTimeout: 300 })
    for (const { fault, outcome, stored } of await under(store, passing, 1)) {
      expect(outcome, fault).toBeUndefined()
      if (keepsRecord(situation)) expect(stored, fault).toEqual(theirs)
    }
  })
})

describe('lost answers', () => {
  test('a create whose answer was lost has won, after one repetition and one read [O-05]', async () => {
    const store = await behindProxy()
    proxy.add({ action: 'drop', when: 'after', statement: /INSERT/, count: 1 })
    const before = proxy.statements.length
    const version = won(await store.create('lost', mine, signal))
    expect(proxy.statements.slice(before)).toEqual(['INSERT', 'INSERT', 'SELECT'])
    expect(await truth.get('lost', signal)).toEqual({ value: mine, version })
  })

  test('a replace whose answers were all lost has won too [O-05]', async () => {
    const store = await behindProxy()
    const version = won(await truth.create('all-lost', theirs, signal))
    proxy.add({ action: 'drop', when: 'after', statement: /UPDATE/ })
    const next = won(await store.replace('all-lost', mine, version, signal))
    expect(await truth.get('all-lost', signal)).toEqual({ value: mine, version: next })
  })

  test('a write that took effect, got no answer and was overwritten since is an ambiguous loss', async () => {
    const store = await behindProxy({ attemptTimeout: 1_500 })
    const version = won(await truth.create('overtaken', { generation: 0 }, signal))
    const overtake = async (key: string, write: () => Promise<WriteResult>) => {
      proxy.add({ action: 'hang', when: 'after', statement: /INSERT|UPDATE/, count: 1 })
      const result = write()
      await vi.waitFor(async () => expect(await storedAt(key)).toEqual(mine), { interval: 1 })
      await truth.put(key, theirs, signal)
      expect(await result).toEqual({ won: false, ambiguous: true })
    }
    await overtake('overtaken', () => store.replace('overtaken', mine, version, signal))
    await overtake('overtaken-create', () => store.create('overtaken-create', mine, signal))
  })

  test('an unclear write over an unchanged record is unavailable, never a loss', async () => {
    const store = await behindProxy()
    const version = won(await truth.create('unclear', theirs, signal))
    proxy.add({ action: 'drop', when: 'before', statement: /INSERT|UPDATE/ })
    await expect(store.replace('unclear', mine, version, signal)).rejects.toThrow(StoreUnavailable)
    await expect(store.create('unclear-new', mine, signal)).rejects.toThrow(StoreUnavailable)
  })

  test('a write that cannot be read back is unavailable, never a loss', async () => {
    const store = await behindProxy()
    proxy.add({ action: 'drop', when: 'after', statement: /INSERT/, count: 1 })
    proxy.add({ action: 'drop', when: 'after', statement: /SELECT/ })
    await expect(store.create('unreadable', mine, signal)).rejects.toThrow(StoreUnavailable)
  })

  test('a race with lost answers has at most one winner, and the record is from the winner or from a caller that got 503 [O-03 O-05]', async () => {
    const store = await behindProxy({ connections: 10 })
    for (let round = 0; round < 40; round++) {
      proxy.clear()
      proxy.add({ action: 'drop', when: 'after', statement: /INSERT/, count: 3 })
      proxy.add({ action: 'answer', code: '57P01', ends: true, when: 'after', statement: /INSERT/, count: 3 })
      proxy.add({ action: 'answer', code: '40001', ends: false, when: 'before', statement: /INSERT/, count: 3 })
      proxy.add({ action: 'drop', when: 'before', statement: /found/, count: 10 })
      await raceWithLostAnswers(store, `race/${round}`, readTruth)
    }
  })
})

describe('statements', () => {
  test('an operation without a fault sends exactly one [O-03]', async () => {
    const store = await behindProxy()
    const sentBy = async (run: () => Promise<unknown>) => {
      const before = proxy.statements.length
      await run().catch(() => {})
      return proxy.statements.slice(before)
    }
    expect(await sentBy(() => store.create('one', mine, signal))).toEqual(['INSERT'])
    const version = (await store.get('one', signal))?.version ?? ''
    expect(await sentBy(() => store.create('one', mine, signal))).toEqual(['INSERT'])
    expect(await sentBy(() => store.replace('one', mine, version, signal))).toEqual(['UPDATE'])
    expect(await sentBy(() => store.replace('one', mine, version, signal))).toEqual(['UPDATE'])
    expect(await sentBy(() => store.get('one', signal))).toEqual(['SELECT'])
    expect(await sentBy(() => store.put('one', mine, signal))).toEqual(['INSERT'])
    expect(await sentBy(() => store.list('o', signal))).toEqual(['SELECT'])
    expect(await sentBy(() => store.remove('one', signal))).toEqual(['DELETE'])
    proxy.add({ action: 'answer', code: '42501', ends: false, when: 'before' })
    expect(await sentBy(() => store.create('one', mine, signal))).toEqual(['INSERT'])
  })

  test('the signal of a request ends an operation at once, and later operations find a connection', async () => {
    const store = await behindProxy({ connections: 2, attemptTimeout: 400 })
    proxy.add({ action: 'hang', when: 'before', statement: /records/, count: 2 })
    const controller = new AbortController()
    // Two are in the hands of the database, and the others wait for a connection.
    const operations = Array.from({ length: 10 }, (_, index) => store.create(`left/${index}`, mine, controller.signal))
    const settled = Promise.allSettled(operations)
    await vi.waitFor(() => expect(proxy.statements.slice(-2)).toEqual(['INSERT', 'INSERT']))
    const began = performance.now()
    controller.abort()
    for (const result of await settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) })
    }
    expect(performance.now() - began).toBeLessThan(200)
    won(await store.create('left/after', mine, signal))
    expect(await truth.list('left/', signal)).toEqual({ keys: ['left/after'] })
  })
})

describe('poolers', () => {
  test('a pooler that refuses settings of the server gets none, and the store works', async () => {
    proxy.refuseSettings = true
    const store = openStore(proxied())
    opened.push(store)
    won(await store.create('pooled', mine, signal))
    proxy.refuseSettings = false
  })
})
