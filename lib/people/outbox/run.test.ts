import { describe, expect, test } from 'vitest'
import { createOutboxSeals, createTestReceiver, isKilled, storeOfKilled } from '../../../dev/worlds/outbox.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createMemoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'
import { listDead, replay, replayAll } from './dead.ts'
import { firstSeen } from './events.ts'
import { createOutbox } from './outbox.ts'
import { messagesPlace } from './place.ts'
import { type OutboxRun, runWebhooks } from './run.ts'

const hour = 3600
const day = 24 * hour
const { signal } = new AbortController()
const seals = createOutboxSeals()

function setUp(store: Store = createMemoryStore()) {
  const receiver = createTestReceiver()
  const lines: string[] = []
  const { now } = receiver
  const log = recorded((event) => lines.push(event))
  const parts = { ...seals, store, now, log, fetch: receiver.fetch, random: () => 0.5 }
  const webhook = { url: 'https://crm.example.com/hook', secrets: [new Uint8Array(32).fill(1)] }
  const messageAbout = (person: string) => {
    const client = { hash: 'client' }
    const email = `${person}@example.com`
    return firstSeen({ sub: person, email, client, grant: 'g', at: now() / 1000 }, 'example.com', undefined)
  }
  return {
    store,
    receiver,
    lines,
    parts,
    enqueue: (person: string, at: Store = store) =>
      createOutbox({ ...parts, store: at, webhook }).enqueue(messageAbout(person), signal),
    run: (options: { store?: Store; url?: string; share?: number } = {}) =>
      runWebhooks({ ...parts, webhook: { ...webhook, url: options.url ?? webhook.url }, ...options }, signal),
    keys: async (prefix: string) => (await store.list(prefix, signal)).keys,
    dead: async () => (await listDead(parts, signal)).messages,
  }
}

/** Runs as the scheduler does, every ten minutes, for so many seconds. */
async function runFor(world: ReturnType<typeof setUp>, seconds: number): Promise<OutboxRun[]> {
  const runs: OutboxRun[] = []
  for (let passed = 0; passed < seconds; passed += 600) {
    world.receiver.pass(600)
    runs.push(await world.run())
  }
  return runs
}

describe('a message', () => {
  test('that the first attempt delivers leaves nothing', async () => {
    const { enqueue, receiver, keys } = setUp()
    const message = await enqueue('u_ada')
    expect(await keys('outbox/')).toHaveLength(1)
    await message.deliver(signal)
    expect(receiver.arrivals).toHaveLength(1)
    expect(await keys('outbox/')).toEqual([])
  })

  test('belongs to its first attempt for two minutes; then the scheduled function takes it, with the same id', async () => {
    const { enqueue, receiver, run, keys } = setUp()
    receiver.behave(() => ({ status: 503 }))
    await (await enqueue('u_ada')).deliver(signal)
    const [key = ''] = await keys('outbox/')
    receiver.behave(() => ({ status: 200 }))
    receiver.pass(119)
    expect(await run()).toMatchObject({ delivered: 0, finished: true })
    receiver.pass(1)
    expect(await run()).toMatchObject({ delivered: 1, finished: true })
    const [arrival] = receiver.arrivals
    expect(key).toContain(`.${arrival?.id}.u_ada`)
    expect(arrival?.headers['webhook-timestamp']).toBe(String(receiver.now() / 1000))
    expect(arrival?.headers['webhook-signature']).toMatch(/^v1,/)
    expect(await keys('outbox/')).toEqual([])
  })

  test('that fails comes back later and later, is dead after three days, and is delivered by a replay with the same id', async () => {
    const world = setUp()
    const { enqueue, receiver, dead, keys, parts, lines } = world
    receiver.behave(() => ({ status: 500 }))
    await enqueue('u_ada')
    const runs = await runFor(world, 3 * day + 600)
    const tries = runs.flatMap(({ failed }, index) => (failed > 0 ? [index] : []))
    const gaps = tries.slice(1).map((index, at) => index - (tries[at] ?? 0))
    expect(gaps.slice(0, 5)).toEqual([1, 3, 6, 12, 24])
    expect(await dead()).toMatchObject([
      { type: 'person.first_seen', person: 'u_ada', attempts: tries.length, failure: 'HTTP 500' },
    ])
    expect(await keys('outbox/')).toEqual([])
    expect(lines.filter((event) => event === 'crm_webhook_dead')).toHaveLength(1)

    receiver.behave(() => ({ status: 200 }))
    const [{ id = '' } = {}] = await dead()
    expect(await replay(parts, 'msg_another', signal)).toBe(false)
    expect(await replay(parts, id, signal)).toBe(true)
    expect(await dead()).toEqual([])
    expect(await world.run()).toMatchObject({ delivered: 1 })
    expect(receiver.arrivals.map((arrival) => arrival.id)).toEqual([id])
  })

  test('that the receiver refuses does not hold up the others', async () => {
    const { enqueue, receiver, run } = setUp()
    for (let i = 0; i < 20; i++) await enqueue(`u_${i}`)
    const poison = new Set<string>()
    receiver.behave((id) => {
      if (poison.size < 6) poison.add(id)
      return { status: poison.has(id) ? 422 : 200 }
    })
    receiver.pass(600)
    expect(await run()).toEqual({ delivered: 14, failed: 6, dead: 0, unreadable: 0, finished: true })
  })
})

describe('a receiver', () => {
  test('that is down for a day loses nothing, and is asked three times in a run at most', async () => {
    const world = setUp()
    const { receiver, enqueue, dead } = world
    receiver.behave(() => 'refused connection')
    const people = Array.from({ length: 144 }, (_, index) => `u_${index}`)
    for (const person of people) {
      await (await enqueue(person)).deliver(signal)
      const before = receiver.attempts()
      await runFor(world, 600)
      expect(receiver.attempts() - before).toBeLessThanOrEqual(3)
    }
    receiver.behave(() => ({ status: 200 }))
    await runFor(world, day)
    expect(receiver.arrivals.map(({ body }) => JSON.parse(body).sub).sort()).toEqual(people.sort())
    expect(await dead()).toEqual([])
  })

  test('that is down for four days leaves every message dead and visible, also those that a run did not try; all can be replayed', async () => {
    const world = setUp()
    const { receiver, enqueue, dead, keys, parts } = world
    receiver.behave(() => ({ status: 502 }))
    for (let i = 0; i < 40; i++) await enqueue(`u_${i}`)
    await runFor(world, 4 * day)
    expect([await dead(), await keys('outbox/')]).toMatchObject([{ length: 40 }, []])
    receiver.behave(() => ({ status: 200 }))
    expect(await replayAll(parts, signal)).toBe(40)
    await runFor(world, hour)
    expect([receiver.arrivals, await dead()]).toMatchObject([{ length: 40 }, []])
  })

  test.each([
    ['120', 120],
    ['900000', day],
    ['Fri, 15 Jan 2027 12:02:00 GMT', 4 * hour],
    ['soon', 0],
  ])('that answers 503 with Retry-After: %s is left alone for %i seconds', async (header, seconds) => {
    const { receiver, enqueue, run } = setUp()
    await enqueue('u_1')
    await enqueue('u_2')
    receiver.pass(120)
    receiver.behave(() => ({ status: 503, headers: { 'retry-after': header } }))
    await run()
    const asked = receiver.attempts()
    receiver.behave(() => ({ status: 200 }))
    if (seconds > 0) {
      expect(asked).toBe(1)
      receiver.pass(seconds - 1)
      await (await enqueue('u_3')).deliver(signal)
      expect(await run()).toMatchObject({ delivered: 0 })
      expect(receiver.attempts()).toBe(asked)
    }
    receiver.pass(hour)
    expect((await run()).delivered).toBeGreaterThan(1)
  })

  test('that answers 410 gets nothing more, until the operator changes the URL', async () => {
    const { receiver, enqueue, run, lines } = setUp()
    await enqueue('u_1')
    await enqueue('u_2')
    receiver.behave(() => ({ status: 410 }))
    receiver.pass(600)
    await run()
    receiver.behave(() => ({ status: 200 }))
    receiver.pass(day)
    await (await enqueue('u_3')).deliver(signal)
    expect(await run()).toMatchObject({ delivered: 0 })
    expect([receiver.attempts(), lines.filter((event) => event === 'crm_webhook_gone').length]).toEqual([1, 1])
    receiver.pass(600)
    expect(await run({ url: 'https://crm.example.com/new' })).toMatchObject({ delivered: 3 })
  })

  test('gets one message first, then more at once, and never more than 16', async () => {
    const { receiver, enqueue, run } = setUp()
    for (let i = 0; i < 100; i++) await enqueue(`u_${i}`)
    receiver.pass(600)
    expect(await run()).toMatchObject({ delivered: 100 })
    expect(receiver.mostAtOnce()).toBe(16)
  })

  test('that takes seconds for each message ends the run in its share of time, and the next run goes on', async () => {
    const world = setUp()
    const { receiver, enqueue, run } = world
    for (let i = 0; i < 50; i++) await enqueue(`u_${i}`)
    receiver.pass(600)
    receiver.behave(() => {
      receiver.pass(1)
      return { status: 200 }
    })
    const began = receiver.now()
    const first = await run()
    expect(first).toMatchObject({ finished: false, failed: 0 })
    expect(receiver.now() - began).toBeLessThan((7 + 16) * 1000)
    await runFor(world, 4 * hour)
    expect(new Set(receiver.arrivals.map(({ id }) => id)).size).toBe(50)
    expect(receiver.arrivals).toHaveLength(50)
  })
})

describe('the scheduled function', () => {
  test('runs twice at the same moment, many times: each message is sent once', async () => {
    for (let round = 0; round < 50; round++) {
      const { receiver, enqueue, run } = setUp()
      for (let i = 0; i < 5; i++) await enqueue(`u_${i}`)
      receiver.pass(600)
      await Promise.all([run(), run(), run()])
      expect(receiver.arrivals).toHaveLength(5)
    }
  })

  test('begins while another run is under way: it leaves the receiver to that one', async () => {
    const { receiver, enqueue, run } = setUp()
    for (let i = 0; i < 5; i++) await enqueue(`u_${i}`)
    receiver.pass(600)
    const others: Promise<OutboxRun>[] = []
    receiver.behave(() => {
      others.push(run())
      return { status: 200 }
    })
    expect(await run()).toMatchObject({ delivered: 5 })
    expect((await Promise.all(others)).map(({ delivered }) => delivered)).toEqual([0, 0, 0, 0, 0])
    expect(receiver.arrivals).toHaveLength(5)
  })

  test.each([
    ['before it takes effect', false],
    ['after it took effect', true],
  ])(
    'is killed at any operation of the store, %s: nothing is lost, and what arrives twice has the same id',
    async (_when, effect) => {
      for (const conducts of [[200], [500], [500, 200], [200, 500, 422]]) {
        for (let at = 0; ; at++) {
          const world = setUp()
          const { receiver, enqueue, dead, store } = world
          const people = ['u_a', 'u_b', 'u_c', 'u_d']
          for (const person of people) await enqueue(person)
          receiver.pass(600)
          let call = 0
          receiver.behave(() => ({ status: conducts[call++ % conducts.length] ?? 200 }))
          const killed = storeOfKilled(store, at, effect)
          await world.run({ store: killed }).catch((error: unknown) => {
            if (!isKilled(error)) throw error
          })
          receiver.behave(() => ({ status: 200 }))
          await runFor(world, 2 * hour)
          const arrived = receiver.arrivals.map(({ id, body }) => `${JSON.parse(body).sub} ${id}`)
          expect(new Set(arrived).size, `killed at ${at}`).toBe(people.length)
          expect(await dead()).toEqual([])
          if (killed.operations() <= at) break
        }
      }
    },
  )

  test('is killed while it gives up messages, or while an operator replays them: each is dead or delivered', async () => {
    for (const effect of [false, true]) {
      for (let at = 0; ; at++) {
        const world = setUp()
        const { receiver, enqueue, dead, store, parts } = world
        for (const person of ['u_a', 'u_b']) await enqueue(person)
        receiver.behave(() => ({ status: 500 }))
        receiver.pass(3 * day)
        const killed = storeOfKilled(store, at, effect)
        const work = async () => {
          await world.run({ store: killed })
          await replayAll({ ...parts, store: killed }, signal)
        }
        await work().catch((error: unknown) => {
          if (!isKilled(error)) throw error
        })
        receiver.behave(() => ({ status: 200 }))
        await runFor(world, 2 * hour)
        const ids = [...receiver.arrivals, ...(await dead())].map(({ id }) => id)
        expect(new Set(ids).size, `killed at ${at}`).toBe(2)
        if (killed.operations() <= at) break
      }
    }
  })

  test('sends nothing that this service has not sealed, and nothing that was sealed for another key [N26]', async () => {
    const { store, receiver, enqueue, run, keys } = setUp()
    await enqueue('u_ada')
    const [key = ''] = await keys('outbox/')
    const sealed = await store.get(key, signal)
    const body = JSON.stringify({ type: 'person.first_seen', email: 'forged@example.com' })
    const forged = { key, id: 'msg_x', type: 'person.first_seen', at: 1, body, attempts: 0 }
    const copy = (from: string) => key.replace(/msg_[\w-]+/, from)
    await store.put(copy('msg_plain'), forged, signal)
    await store.put(copy('msg_json'), { sealed: JSON.stringify(forged) }, signal)
    await store.put(copy('msg_copied'), sealed?.value ?? {}, signal)
    await store.put('outbox/1700000000/other', sealed?.value ?? {}, signal)
    receiver.pass(600)
    expect(await run()).toMatchObject({ delivered: 1, unreadable: 4 })
    expect(receiver.arrivals.map((arrival) => JSON.parse(arrival.body).sub)).toEqual(['u_ada'])
    receiver.pass(4 * day)
    await run()
    expect(await keys('outbox/')).toEqual([])
  })

  test('treats a state of the receiver that is not sealed as absent', async () => {
    const { store, enqueue, receiver, run } = setUp()
    const state = { receiver: 'x', pausedUntil: 9_999_999_999, gone: true, leasedUntil: 9_999_999_999 }
    await store.put('outbox-receivers/webhook', { ...state, sealed: JSON.stringify(state) }, signal)
    await enqueue('u_ada')
    receiver.pass(600)
    expect(await run()).toMatchObject({ delivered: 1 })
  })

  test('sends nothing about a person who is being forgotten, and forgetting removes what waits and what is dead [N3]', async () => {
    const world = setUp()
    const { store, receiver, enqueue, parts, keys } = world
    receiver.behave(() => ({ status: 500 }))
    for (const person of ['u_ada', 'u_bob', 'u_ada2']) await enqueue(person)
    await runFor(world, 3 * day + hour)
    for (const person of ['u_ada', 'u_bob', 'u_ada2']) await enqueue(person)
    const place = messagesPlace({ store, seal: seals.seal })
    const held = []
    for await (const record of place.read('u_ada', signal)) held.push(record.value)
    expect(held).toMatchObject([{ body: { sub: 'u_ada' } }, { body: { sub: 'u_ada' } }])
    await place.forget('u_ada', signal)
    await place.forget('u_ada', signal)
    const left = [...(await keys('outbox/')), ...(await keys('dead-webhooks/'))]
    expect(left.map((key) => key.split('.').at(-1)).sort()).toEqual(['u_ada2', 'u_ada2', 'u_bob', 'u_bob'])

    receiver.pass(600)
    receiver.behave(() => ({ status: 200 }))
    const webhook = { url: 'https://crm.example.com/hook', secrets: [] }
    await runWebhooks({ ...parts, webhook, isForgetting: async (person) => person === 'u_bob' }, signal)
    expect(receiver.arrivals.map(({ body }) => JSON.parse(body).sub)).toEqual(['u_ada2'])
    expect(await keys('outbox/')).toEqual([])
  })

  test('keeps to its share at a backlog of 100,000 messages, and reads no more than it sends', async () => {
    const inner = createMemoryStore()
    const { enqueue, receiver, parts } = setUp(inner)
    const keys: string[] = []
    const [due, giveUpAt] = [receiver.now() / 1000, receiver.now() / 1000 + 3 * day]
    for (let i = 0; i < 100_000; i++) keys.push(`outbox/${due}/${giveUpAt}.msg_${String(i).padStart(6, '0')}.-`)
    await enqueue('u_last')
    const [first] = (await inner.list('outbox/', signal)).keys
    const value = (await inner.get(first ?? '', signal))?.value ?? {}
    let [lists, reads] = [0, 0]
    const record = seals.seal.open(String(value.sealed))
    const store: Store = {
      ...inner,
      list: async (_prefix, _signal, cursor = '0') => {
        lists += 1
        const from = Number(cursor)
        return { keys: keys.slice(from, from + 1000), next: String(from + 1000) }
      },
      get: async (key, signal) => {
        if (!key.startsWith('outbox/')) return inner.get(key, signal)
        reads += 1
        receiver.pass(0.01)
        if (!record) return null
        return { value: { sealed: seals.seal.seal({ ...record, key }) }, version: 'v' }
      },
    }
    const webhook = { url: 'https://crm.example.com/hook', secrets: [] }
    const run = await runWebhooks({ ...parts, store, webhook, share: 20_000 }, signal)
    expect(run).toMatchObject({ failed: 0, finished: false })
    expect(run.delivered).toBeGreaterThan(1900)
    expect([lists <= 3, reads - run.delivered]).toEqual([true, 0])
  })
})
