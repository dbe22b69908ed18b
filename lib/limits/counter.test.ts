import { describe, expect, test } from 'vitest'
import { recorded } from '../../dev/worlds/recording.ts'
import { createMemoryStore } from '../store/memory.ts'
import { type Store, StoreUnavailable } from '../store/store.ts'
import { type Counter, createCounter } from './counter.ts'

const never = new AbortController().signal
const limit = 60

/** Instances that count in one store, and the operations that the store received. */
function world() {
  const memory = createMemoryStore()
  const asked: string[] = []
  const state = { down: false }
  const around =
    <A extends readonly unknown[], R>(name: string, work: (...parameters: A) => Promise<R>) =>
    async (...parameters: A): Promise<R> => {
      asked.push(name)
      if (state.down) throw new StoreUnavailable('down')
      return work(...parameters)
    }
  const store: Store = { ...memory, create: around('create', memory.create), list: around('list', memory.list) }
  const instance = (): Counter =>
    createCounter({
      store,
      name: 'test',
      limit,
      windowSeconds: 900,
      key: new Uint8Array(32),
      now: () => Date.UTC(2026, 10, 21, 12, 5),
      log: recorded(() => {}),
      listFirst: true,
    })
  return { asked, state, instance }
}

async function hitTimes(counter: Counter, times: number) {
  for (let i = 0; i < times; i++) await counter.hit('ada', never)
}

describe('sixty in a quarter of an hour', () => {
  test('each hit returns how many are left and how long the window lasts [B8-13]', async () => {
    const counter = world().instance()
    expect(await counter.hit('ada', never)).toEqual({ limited: false, remaining: 59, resetAfter: 600 })
    await hitTimes(counter, 58)
    expect(await counter.hit('ada', never)).toEqual({ limited: false, remaining: 0, resetAfter: 600 })
    expect(await counter.hit('ada', never)).toEqual({ limited: true, retryAfter: 600 })
    expect(await counter.hit('bob', never)).toMatchObject({ limited: false, remaining: 59 })
  })

  test('the counts of other instances are known from the first hit, at the cost of one list operation', async () => {
    const { asked, instance } = world()
    await hitTimes(instance(), 40)
    expect(asked.splice(0).toSorted()).toEqual([...Array(40).fill('create'), 'list'])
    const other = instance()
    expect(await other.hit('ada', never)).toMatchObject({ limited: false, remaining: 19 })
    expect(asked.splice(0).filter((name) => name === 'list')).toHaveLength(1)
    await hitTimes(other, 19)
    expect(asked.splice(0)).toEqual(Array(19).fill('create'))
    expect(await other.hit('ada', never)).toMatchObject({ limited: true })
    expect(asked).toEqual([])
  })

  test('of 200 concurrent hits on two instances exactly sixty pass, with few store operations', async () => {
    const { asked, instance } = world()
    const instances = [instance(), instance()]
    const hits = await Promise.all(Array.from({ length: 200 }, (_, i) => instances[i % 2]?.hit('ada', never)))
    expect(hits.filter((count) => count?.limited === false)).toHaveLength(limit)
    expect(asked.length).toBeLessThan(4 * limit)
  })

  test('a request past its deadline never passes uncounted, even if the deadline comes while it is counted', async () => {
    const { state, instance } = world()
    const counter = instance()
    await expect(counter.hit('ada', AbortSignal.abort())).rejects.toThrow(StoreUnavailable)
    const request = new AbortController()
    state.down = true
    const hit = counter.hit('ada', request.signal)
    request.abort()
    await expect(hit).rejects.toThrow(StoreUnavailable)
    state.down = false
    await hitTimes(counter, limit)
    expect(await counter.hit('ada', AbortSignal.abort())).toMatchObject({ limited: true })
  })

  test('hits in progress count as used, so that concurrent guesses cannot get around a limit [O-11]', async () => {
    const { state, instance } = world()
    const counter = instance()
    state.down = true
    const hits = Array.from({ length: limit }, () => counter.hit('ada', never))
    expect(counter.known('ada')).toEqual({ limited: true, retryAfter: 600 })
    await Promise.all(hits)
    expect(counter.known('ada')).toBeNull()
  })

  test('while the store is down the count is unknown, and uses up nothing', async () => {
    const { state, instance } = world()
    const counter = instance()
    state.down = true
    expect(await counter.hit('ada', never)).toBeNull()
    state.down = false
    expect(await counter.hit('ada', never)).toMatchObject({ remaining: 59 })
  })
})
